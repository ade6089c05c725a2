{#- True for a text that is null, empty or white space: it is not present. -#}
{% macro is_blank(column) -%}
    coalesce(trim({{ column }}), '') = ''
{%- endmacro %}
