{#- The text under a key of a JSON object; null if there is none. -#}
{% macro json_text(column, key) -%}
    ({{ column }} ->> {{ dbt.string_literal(key) }})
{%- endmacro %}
