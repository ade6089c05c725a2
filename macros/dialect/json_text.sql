{% macro json_text(column, key) -%}
    {{ return(adapter.dispatch('json_text', 'tutormax')(column, key)) }}
{%- endmacro %}

{% macro default__json_text(column, key) -%}
    ({{ column }} ->> {{ dbt.string_literal(key) }})
{%- endmacro %}

{% macro spark__json_text(column, key) -%}
    get_json_object({{ column }}, {{ dbt.string_literal('$.' ~ key) }})
{%- endmacro %}
