{% macro record_run(results) -%}
{%- endmacro %}
