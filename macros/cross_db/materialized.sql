{#- Written before a CTE that must not be worked out anew wherever it, or one of its columns, is named. -#}
{% macro materialized() -%}
    {{ return(adapter.dispatch('materialized', 'tutormax')()) }}
{%- endmacro %}

{% macro default__materialized() -%}
    materialized
{%- endmacro %}

{#- DuckDB works each out once as it is. -#}
{% macro duckdb__materialized() -%}
{%- endmacro %}

{#- Spark works a CTE out wherever it is read; spark_incremental takes those with this mark out of the query. -#}
{% macro spark__materialized() -%}
    /* kept */
{%- endmacro %}
