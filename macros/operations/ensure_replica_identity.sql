{% macro ensure_replica_identity() -%}
    {%- set sql = replica_identities() -%}
    {%- if sql | trim -%}
        {%- do run_and_commit(sql) -%}
    {%- endif -%}
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
            select classes.oid::regclass as relation
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
        loop
            execute format('alter table %s replica identity full', found.relation);
        end loop;
    end
    $$;
{%- endmacro %}
