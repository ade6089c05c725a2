{% macro text_as_json(column) -%}
    cast({{ column }} as {{ type_json() }})
{%- endmacro %}

{% macro type_json() -%}
    {{ return(adapter.dispatch('type_json', 'tutormax')()) }}
{%- endmacro %}

{% macro default__type_json() -%}
    jsonb
{%- endmacro %}

{#- JSON is text on Spark: its own type cannot be grouped or read by other engines. -#}
{% macro spark__type_json() -%}
    string
{%- endmacro %}
