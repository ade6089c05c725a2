{#- One table in a transaction: one that locks several can be in a deadlock with another build. -#}
{% macro ensure_replica_identity() -%}
    {%- set tables = tables_without_identity() -%}
    {%- if tables | trim -%}
        {%- for row in run_query(tables).rows -%}
            {%- do run_and_commit('alter table ' ~ row[0] ~ ' replica identity full') -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro tables_without_identity() -%}
    {{ return(adapter.dispatch('tables_without_identity', 'tutormax')()) }}
{%- endmacro %}

{% macro default__tables_without_identity() -%}
    {{ return('') }}
{%- endmacro %}

{% macro postgres__tables_without_identity() -%}
    select classes.oid::regclass::text as relation
    from pg_catalog.pg_class as classes
    where
        classes.relnamespace in (select oid from pg_catalog.pg_namespace where nspname in (
            '{{ project_schemas() | join("', '") }}'
        ))
        and classes.relkind in ('r', 'p')
        and classes.relreplident = 'd'
        and pg_has_role(classes.relowner, 'usage')
        and not exists (
            select 1 from pg_catalog.pg_index where indrelid = classes.oid and indisprimary
        )
{%- endmacro %}

{% macro replica_identities() -%}
    {{ return(adapter.dispatch('replica_identities', 'tutormax')()) }}
{%- endmacro %}

{% macro default__replica_identities() -%}
    {{ return('') }}
{%- endmacro %}

{#- Under a publication PostgreSQL refuses to update or delete rows that it cannot name to subscribers. -#}
{% macro postgres__replica_identities() -%}
    do $$
    declare
        found record;
    begin
        for found in
            {{ tables_without_identity() }}
        loop
            execute format('alter table %s replica identity full', found.relation);
        end loop;
    end
    $$;
{%- endmacro %}
