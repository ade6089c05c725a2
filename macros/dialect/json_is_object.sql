{% macro json_is_object(column) -%}
    {{ return(adapter.dispatch('json_is_object', 'tutormax')(column)) }}
{%- endmacro %}

{% macro default__json_is_object(column) -%}
    jsonb_typeof({{ column }}) = 'object'
{%- endmacro %}

{% macro duckdb__json_is_object(column) -%}
    json_type({{ column }}) = 'OBJECT'
{%- endmacro %}

{% macro spark__json_is_object(column) -%}
    schema_of_variant(try_parse_json({{ column }})) like 'OBJECT%'
{%- endmacro %}
