{% macro integers_from_one(last) -%}
    {{ return(adapter.dispatch('integers_from_one', 'tutormax')(last)) }}
{%- endmacro %}

{% macro default__integers_from_one(last) -%}
    select cast(n as integer) as n
    from generate_series(1, {{ last }}) as numbers(n)
{%- endmacro %}

{% macro spark__integers_from_one(last) -%}
    select explode(sequence(1, {{ last }})) as n
{%- endmacro %}
