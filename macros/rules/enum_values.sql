{#- The values of an enum of `vars: enums`, as a list of SQL literals. -#}
{% macro enum_values(enum) -%}
    {%- for value in var('enums')[enum] -%}
        {{ dbt.string_literal(value) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
