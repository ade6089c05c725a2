{% macro utc_day(instant) -%}
    {{ return(adapter.dispatch('utc_day', 'tutormax')(instant)) }}
{%- endmacro %}

{% macro default__utc_day(instant) -%}
    cast({{ instant }} at time zone 'UTC' as date)
{%- endmacro %}

{#- A timestamp of Spark is an instant, and the profile sets the session to UTC. -#}
{% macro spark__utc_day(instant) -%}
    cast({{ instant }} as date)
{%- endmacro %}
