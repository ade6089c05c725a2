{% macro renew_constraints(standing) -%}
    {%- set node = graph.nodes[model.unique_id] -%}
    {%- if standing is not none and config.get('contract').enforced and not reads_some_rows()
        and constraints_checksum(node) != known_checksums().get(model.alias) -%}
        {%- set present = adapter.get_columns_in_relation(standing) | map(attribute='name') | list -%}
        {%- set held = [] -%}
        {%- for constraint in constraints_of(node) if constraint.type in ('not_null', 'check')
            and not constraint.columns | reject('in', present) | list -%}
            {%- do held.append(constraint) -%}
        {%- endfor -%}
        {%- if not node.columns.keys() | reject('in', present) | list -%}
            {%- do run_and_commit(adapter.dispatch('renewed_constraints', 'tutormax')(standing, held, node)) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro default__renewed_constraints(standing, constraints, node) -%}
{%- endmacro %}

{#- DuckDB cannot drop a constraint, so this makes the table again. -#}
{% macro duckdb__renewed_constraints(standing, constraints, node) -%}
    {%- set copy = standing.incorporate(path={'identifier': standing.identifier ~ '__before'}) -%}
    {%- set columns = adapter.get_columns_in_relation(standing) -%}
    drop table if exists {{ copy }};
    create table {{ copy }} as select * from {{ standing }};
    drop table {{ standing }};
    create table {{ standing }} {{ get_table_columns_and_constraints() }};
    {%- for column in columns if column.name not in node.columns %}
    alter table {{ standing }} add column {{ adapter.quote(column.name) }} {{ column.data_type }};
    {%- endfor %}
    {%- for constraint in constraints %}
    delete from {{ rows_that_break(constraint, copy, node) }};
    {%- endfor %}
    insert into {{ standing }} ({{ quoted_list(columns | map(attribute='name') | list) }})
    select {{ quoted_list(columns | map(attribute='name') | list) }} from {{ copy }};
    drop table {{ copy }};
{%- endmacro %}

{% macro postgres__renewed_constraints(standing, constraints, node) -%}
    {%- set required = [] -%}
    {%- for constraint in constraints_of(node) if constraint.type in ('not_null', 'primary_key') -%}
        {%- do required.extend(constraint.columns) -%}
    {%- endfor -%}
    do $$
    declare
        found record;
    begin
        for found in
            select conname from pg_constraint where conrelid = '{{ standing.include(database=false) }}'::regclass and contype = 'c'
        loop
            execute format('alter table {{ standing.include(database=false) }} drop constraint %I', found.conname);
        end loop;
    end
    $$;
    {%- for column in node.columns if column not in required %}
    alter table {{ standing }} alter column {{ adapter.quote(column) }} drop not null;
    {%- endfor %}
    {%- for constraint in constraints %}
    delete from {{ rows_that_break(constraint, standing, node) }};
    {%- endfor %}
    {%- for constraint in constraints %}
    alter table {{ standing }}
        {%- if constraint.type == 'check' %}
    add check ({{ constraint.expression }});
        {%- else %}
        {%- for column in constraint.columns %}
    alter column {{ adapter.quote(column) }} set not null{{ ',' if not loop.last }}
        {%- endfor %};
        {%- endif %}
    {%- endfor %}
{%- endmacro %}
