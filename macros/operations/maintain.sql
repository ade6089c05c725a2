{% macro maintain() -%}
    {%- if execute -%}
        {%- do run_and_commit(maintenance()) -%}
        {%- do table_sizes() -%}
    {%- endif -%}
{%- endmacro %}

{% macro maintenance() -%}
    {{ return(adapter.dispatch('maintenance', 'tutormax')()) }}
{%- endmacro %}

{% macro default__maintenance() -%}
    analyze
{%- endmacro %}

{% macro duckdb__maintenance() -%}
    analyze;
    commit;
    checkpoint;
    begin;
{%- endmacro %}

{% macro table_sizes() -%}
    {%- if execute -%}
        {%- do run_query(sizes()).print_table(max_rows=none, max_columns=none, max_column_width=none) -%}
    {%- endif -%}
{%- endmacro %}

{% macro sizes() -%}
    {{ return(adapter.dispatch('sizes', 'tutormax')()) }}
{%- endmacro %}

{% macro default__sizes() -%}
    select
        schemaname,
        tablename,
        pg_size_pretty(pg_total_relation_size(relation)) as size,
        cast(greatest(reltuples, 0) as bigint) as rows
    from (
        select
            tables.schemaname,
            tables.tablename,
            classes.reltuples,
            classes.oid as relation
        from pg_tables as tables
        inner join pg_class as classes
            on to_regclass(format('%I.%I', tables.schemaname, tables.tablename)) = classes.oid
        where tables.schemaname in ('{{ project_schemas() | join("', '") }}')
    ) as tables
    order by pg_total_relation_size(relation) desc, schemaname, tablename
{%- endmacro %}

{#- Sizes are in blocks, as of the last checkpoint; small tables share blocks. -#}
{% macro duckdb__sizes() -%}
    {%- set tables = run_query(
        "select schema_name, table_name from duckdb_tables()"
        ~ " where database_name = current_database() and not internal and not temporary order by 1, 2"
    ).rows -%}
    select
        tables.schema_name as schemaname,
        tables.table_name as tablename,
        format_bytes(coalesce(blocks.n, 0) * database_size.block_size) as size,
        tables.estimated_size as rows
    from duckdb_tables() as tables
    cross join pragma_database_size() as database_size
    left join (
        {%- for table in tables %}
        {%- set name = '"' ~ table[0] | replace('"', '""') ~ '"."' ~ table[1] | replace('"', '""') ~ '"' %}
        select
            {{ dbt.string_literal(dbt.escape_single_quotes(table[0])) }} as schema_name,
            {{ dbt.string_literal(dbt.escape_single_quotes(table[1])) }} as table_name,
            count(distinct block_id) as n
        from pragma_storage_info({{ dbt.string_literal(dbt.escape_single_quotes(name)) }})
        where persistent and block_id >= 0
        {{ 'union all' if not loop.last }}
        {%- else %}
        select '' as schema_name, '' as table_name, 0 as n
        {%- endfor %}
    ) as blocks
        on tables.schema_name = blocks.schema_name and tables.table_name = blocks.table_name
    where
        database_size.database_name = current_database()
        and tables.database_name = current_database()
        and not tables.internal
        and not tables.temporary
    order by coalesce(blocks.n, 0) desc, tables.estimated_size desc, schemaname, tablename
{%- endmacro %}
