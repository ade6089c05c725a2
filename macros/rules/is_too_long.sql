{#- True for a text of more characters than the published column holds. -#}
{% macro is_too_long(column, characters) -%}
    length({{ column }}) > {{ characters }}
{%- endmacro %}
