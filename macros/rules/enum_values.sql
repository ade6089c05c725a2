{% macro enum_values(enum) -%}
    {%- for value in var('enums')[enum] -%}
        {{ dbt.string_literal(value) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
