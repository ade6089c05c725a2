{% macro days_between(first_day, last_day) -%}
    {{ return(adapter.dispatch('days_between', 'tutormax')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__days_between(first_day, last_day) -%}
    generate_series(
        cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval '1 day'
    )
{%- endmacro %}

{#- DuckDB's table function does not accept columns of another relation; its list function does. -#}
{% macro duckdb__days_between(first_day, last_day) -%}
    unnest({{ tutormax.default__days_between(first_day, last_day) }})
{%- endmacro %}

{#- A sequence that ends before its start would run backwards. -#}
{% macro spark__days_between(first_day, last_day) -%}
    explode(
        case when {{ first_day }} <= {{ last_day }} then sequence({{ first_day }}, {{ last_day }}) end
    )
{%- endmacro %}
