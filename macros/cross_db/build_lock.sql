{#-
    Makes builds on one warehouse take turns, transaction by transaction; a build that finds a newer one
    stops (see stop_if_overtaken). DuckDB lets one process write at a time, so it needs nothing.
-#}
{% macro build_lock() -%}
    {{ return(adapter.dispatch('build_lock', 'tutormax')()) }}
{%- endmacro %}

{% macro default__build_lock() -%}
{%- endmacro %}

{% macro postgres__build_lock() -%}
    select pg_advisory_xact_lock(hashtext('{{ plan_relation() }}'));
{%- endmacro %}
