{#- True for a text that is null, empty or nothing but spaces: it is not present. -#}
{% macro is_blank(column) -%}
    coalesce(replace({{ column }}, ' ', ''), '') = ''
{%- endmacro %}
