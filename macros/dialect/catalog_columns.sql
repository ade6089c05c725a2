{% macro catalog_columns(schemas, database) -%}
    {{ return(adapter.dispatch('catalog_columns', 'tutormax')(schemas, database)) }}
{%- endmacro %}

{% macro duckdb__catalog_columns(schemas, database) -%}
    select
        schema_name,
        table_name,
        column_name,
        case data_type
            when 'DOUBLE' then 'double precision'
            when 'JSON' then 'jsonb'
            else lower(data_type)
        end as data_type,
        is_nullable
    from duckdb_columns()
    where database_name = '{{ database }}' and schema_name in ('{{ schemas | join("', '") }}')
    order by table_oid, column_index
{%- endmacro %}

{#- information_schema lacks materialized views and the element types of arrays. -#}
{% macro default__catalog_columns(schemas, database) -%}
    select
        schemas.nspname,
        tables.relname,
        columns.attname,
        regexp_replace(format_type(columns.atttypid, null), '^(character varying|text)', 'varchar')
            as data_type,
        not columns.attnotnull
    from pg_catalog.pg_attribute as columns
    inner join pg_catalog.pg_class as tables on columns.attrelid = tables.oid
    inner join pg_catalog.pg_namespace as schemas on tables.relnamespace = schemas.oid
    where
        schemas.nspname in ('{{ schemas | join("', '") }}')
        and tables.relkind in ('r', 'p', 'v', 'm', 'f')
        and columns.attnum > 0
        and not columns.attisdropped
    order by columns.attrelid, columns.attnum
{%- endmacro %}
