{% macro is_too_long(column, characters) -%}
    length({{ column }}) > {{ characters }}
{%- endmacro %}
