{% macro json_object_of_named(expressions) -%}
    {{ return(adapter.dispatch('json_object_of_named', 'tutormax')(expressions)) }}
{%- endmacro %}

{% macro default__json_object_of_named(expressions) -%}
    jsonb_strip_nulls(jsonb_build_object({{ named_expressions(expressions) }}))
{%- endmacro %}

{#- A merge patch removes nulls. -#}
{% macro duckdb__json_object_of_named(expressions) -%}
    json_merge_patch('{}', json_object({{ named_expressions(expressions) }}))
{%- endmacro %}

{% macro named_expressions(expressions) -%}
    {%- for name, expression in expressions.items() %}
        {{ dbt.string_literal(name) }}, {{ expression }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro spark__json_object_of_named(expressions) -%}
    to_json(named_struct({{ named_expressions(expressions) }}))
{%- endmacro %}
