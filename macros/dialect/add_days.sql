{% macro add_days(day, days) -%}
    {{ return(adapter.dispatch('add_days', 'tutormax')(day, days)) }}
{%- endmacro %}

{% macro default__add_days(day, days) -%}
    ({{ day }} + {{ days }})
{%- endmacro %}
