{% macro utc_midnight(day) -%}
    {{ return(adapter.dispatch('utc_midnight', 'tutormax')(day)) }}
{%- endmacro %}

{% macro default__utc_midnight(day) -%}
    cast({{ day }} as timestamp) at time zone 'UTC'
{%- endmacro %}

{% macro spark__utc_midnight(day) -%}
    cast({{ day }} as timestamp)
{%- endmacro %}
