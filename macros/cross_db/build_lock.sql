{#-
    Makes builds on one warehouse take turns, transaction by transaction. What belongs to no model waits
    until no model runs; models of one build may run side by side (`shared`). DuckDB lets one process
    write at a time, so it needs nothing.
-#}
{% macro build_lock(shared=false) -%}
    {{ return(adapter.dispatch('build_lock', 'tutormax')(shared)) }}
{%- endmacro %}

{% macro default__build_lock(shared) -%}
{%- endmacro %}

{% macro postgres__build_lock(shared) -%}
    select pg_advisory_xact_lock{{ '_shared' if shared }}(hashtext('{{ generate_schema_name('staging', none) }}.build_log'));
{%- endmacro %}
