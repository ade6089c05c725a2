{% macro build_lock(shared=false) -%}
    {{ return(adapter.dispatch('build_lock', 'tutormax')(shared)) }}
{%- endmacro %}

{% macro default__build_lock(shared) -%}
{%- endmacro %}

{% macro postgres__build_lock(shared) -%}
    select pg_advisory_xact_lock{{ '_shared' if shared }}(hashtext('{{ generate_schema_name('staging', none) }}.build_log'));
{%- endmacro %}
