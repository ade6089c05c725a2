{% macro audit_now() -%}
    current_timestamp
{%- endmacro %}
