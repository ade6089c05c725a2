{% macro evaluate_once() -%}
    {{ return(adapter.dispatch('evaluate_once', 'tutormax')()) }}
{%- endmacro %}

{% macro default__evaluate_once() -%}
    materialized
{%- endmacro %}

{#- DuckDB evaluates each CTE once anyway. -#}
{% macro duckdb__evaluate_once() -%}
{%- endmacro %}

{#- Spark evaluates a CTE for each reader; spark_keep_steps takes those with this mark out of the query. -#}
{% macro spark__evaluate_once() -%}
    /* kept */
{%- endmacro %}
