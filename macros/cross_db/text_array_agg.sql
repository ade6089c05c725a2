{#- The texts of a group as an array, in an order. -#}
{% macro text_array_agg(column, order_by) -%}
    array_agg({{ column }} order by {{ order_by }})
{%- endmacro %}
