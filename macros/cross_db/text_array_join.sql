{#- The texts of an array joined by commas. -#}
{% macro text_array_join(column) -%}
    array_to_string({{ column }}, ',')
{%- endmacro %}
