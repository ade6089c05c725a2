{% macro is_blank(column) -%}
    coalesce(replace({{ column }}, ' ', ''), '') = ''
{%- endmacro %}
