{#- True if an array of text contains a text. -#}
{% macro text_array_contains(column, value) -%}
    ({{ dbt.string_literal(value) }} = any({{ column }}))
{%- endmacro %}
