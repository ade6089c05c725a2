{#-
    Alters a standing table in the transaction of its model: before its rows change to the types of the contract,
    without constraints that it has no more; afterwards to its constraints.
-#}
{% macro loosen_table(table, node, found) -%}
    {{ return(adapter.dispatch('loosen_table', 'tutormax')(table, node, found)) }}
{%- endmacro %}

{% macro default__loosen_table(table, node, found) -%}
{%- endmacro %}

{#- DuckDB cannot drop a check, so this makes the table again. -#}
{% macro duckdb__loosen_table(table, node, found) -%}
    {%- do kept_for_the_run('indexes').update({node.alias: run_query(
        "select sql from duckdb_indexes() where schema_name = '" ~ table.schema ~ "' and table_name = '"
        ~ table.identifier ~ "' and database_name = current_database()"
    ).columns[0].values()}) -%}
    {%- set columns = [] -%}
    {%- for column in node.columns.values() -%}
        {%- set name = adapter.quote(column.name) -%}
        {%- do columns.append(
            'cast(' ~ ('null' if column.name in found.added else name) ~ ' as ' ~ column.data_type ~ ') as ' ~ name
        ) -%}
    {%- endfor -%}
    {%- do run_in_transaction('create or replace table ' ~ table ~ ' as select ' ~ columns | join(', ') ~ ' from ' ~ table) -%}
    {%- do kept_for_the_run('comments').pop((table.schema, table.identifier), none) -%}
{%- endmacro %}

{% macro postgres__loosen_table(table, node, found) -%}
    {%- set table = table.include(database=false) -%}
    {%- set kept, keys = ["''"], [] -%}
    {%- for constraint in constraints_of(node) -%}
        {%- if constraint.type == 'foreign_key' -%}
            {%- do kept.append(
                dbt.string_literal(constraint.name ~ ' ') ~ " || '" ~ referenced_relation(constraint, node) | replace("'", "''") ~ "'::regclass"
            ) -%}
        {%- elif constraint.type == 'unique' -%}
            {%- do kept.append(dbt.string_literal(versioned_name(constraint.name) ~ ' ')) -%}
        {%- elif constraint.type == 'primary_key' -%}
            {%- do keys.extend(constraint.columns) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set changes = [] -%}
    {%- for name, type in found.added.items() -%}
        {%- do changes.append('add column ' ~ adapter.quote(name) ~ ' ' ~ type) -%}
    {%- endfor -%}
    {%- for name in node.columns if name not in keys and name not in found.added -%}
        {%- do changes.append('alter column ' ~ adapter.quote(name) ~ ' drop not null') -%}
    {%- endfor -%}
    {%- set drop_constraints -%}
        do $$
        declare
            found record;
        begin
            for found in
                select conname from pg_constraint
                where
                    conrelid = '{{ table }}'::regclass
                    and (contype = 'c' or (
                        contype = 'p' and array['{{ keys | join("', '") }}'] <> array(
                            select attname::text
                            from unnest(conkey) with ordinality as parts (part, place)
                            inner join pg_attribute on attrelid = conrelid and attnum = part
                            order by place
                        )
                    ) or (
                        contype in ('u', 'f') and conname || ' ' || coalesce(nullif(confrelid, 0)::regclass::text, '')
                        not in ({{ kept | join(', ') }})
                    ))
            loop
                execute format('alter table {{ table }} drop constraint %I', found.conname);
            end loop;
        end
        $$
    {%- endset -%}
    {%- do run_in_transaction(drop_constraints) -%}
    {%- if changes -%}
        {%- do run_in_transaction('alter table ' ~ table ~ ' ' ~ changes | join(', ')) -%}
    {%- endif -%}
    {%- if found.wider -%}
        {%- set types = [] -%}
        {%- for name, type in found.wider.items() -%}
            {%- do types.append('alter column ' ~ adapter.quote(name) ~ ' type ' ~ type) -%}
        {%- endfor -%}
        {%- do run_in_transaction(with_views_made_again(
            table, found.wider.keys() | list, 'alter table ' ~ table ~ ' ' ~ types | join(', ')
        )) -%}
    {%- endif -%}
{%- endmacro %}

{% macro tightened_table(table, node) -%}
    {{ return(adapter.dispatch('tightened_table', 'tutormax')(table, node)) }}
{%- endmacro %}

{% macro default__tightened_table(table, node) -%}
{%- endmacro %}

{% macro duckdb__tightened_table(table, node) -%}
    {%- set columns = quoted_list(node.columns.keys() | list) -%}
    {%- set copy = table.incorporate(path={'identifier': table.identifier ~ '__before'}) -%}
    alter table {{ table }} rename to {{ adapter.quote(copy.identifier) }};
    create table {{ table }} {{ get_table_columns_and_constraints() }};
    insert into {{ table }} ({{ columns }}) select {{ columns }} from {{ copy }};
    drop table {{ copy }};
    {%- for index in kept_for_the_run('indexes')[node.alias] %}
    {{ index.rstrip(';') }};
    {%- endfor %}
{%- endmacro %}

{#- Statements of PL/pgSQL; see without_values_in_errors. -#}
{% macro postgres__tightened_table(table, node) -%}
    {%- set table = table.include(database=false) -%}
    {%- for constraint in constraints_of(node) %}
        {%- if constraint.type == 'check' %}
    alter table {{ table }} add {{ 'constraint ' ~ adapter.quote(constraint.name) if constraint.name }}
    check ({{ constraint.expression }});
        {%- elif constraint.type == 'not_null' %}
        {%- for column in constraint.columns %}
    alter table {{ table }} alter column {{ adapter.quote(column) }} set not null;
        {%- endfor %}
        {%- elif constraint.type == 'primary_key' %}
    if not exists (select 1 from pg_constraint where conrelid = '{{ table }}'::regclass and contype = 'p') then
        alter table {{ table }} add primary key ({{ quoted_list(constraint.columns) }});
    end if;
        {%- elif constraint.type == 'foreign_key' %}
    if not exists (
        select 1 from pg_constraint where conrelid = '{{ table }}'::regclass and conname = '{{ constraint.name }}'
    ) then
        alter table {{ table }} add constraint {{ adapter.quote(constraint.name) }}
        foreign key ({{ quoted_list(constraint.columns) }})
        references {{ referenced_relation(constraint, node) }} ({{ quoted_list(constraint.to_columns) }})
        on delete cascade;
    end if;
        {%- endif %}
    {%- endfor %}
{%- endmacro %}
