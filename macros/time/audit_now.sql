{#- The wall clock, for audit columns alone: nothing else may depend on when a build ran. -#}
{% macro audit_now() -%}
    current_timestamp
{%- endmacro %}
