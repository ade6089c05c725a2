{#- Written before a CTE that must not be worked out anew wherever one of its columns is named. -#}
{% macro materialized() -%}
    {{ return(adapter.dispatch('materialized', 'tutormax')()) }}
{%- endmacro %}

{% macro default__materialized() -%}
    materialized
{%- endmacro %}

{#- DuckDB works each out once as it is. -#}
{% macro duckdb__materialized() -%}
{%- endmacro %}
