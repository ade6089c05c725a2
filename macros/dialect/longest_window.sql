{% macro longest_window() -%}
    {{ return(var('metric_windows').values() | max) }}
{%- endmacro %}
