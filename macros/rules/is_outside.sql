{#- True for a number outside [low, high]. NaN sorts above every number and is outside. -#}
{% macro is_outside(column, low, high) -%}
    ({{ column }} < {{ low }} or {{ column }} > {{ high }})
{%- endmacro %}
