{% macro rows_within(table, condition) -%}
    {{ return(adapter.dispatch('rows_within', 'tutormax')(table, condition)) }}
{%- endmacro %}

{% macro default__rows_within(table, condition) -%}
    select * from {{ table }} as target_rows where {{ condition }}
{%- endmacro %}

{#- Finds the rows first: otherwise DuckDB reads all columns of all rows. -#}
{% macro duckdb__rows_within(table, condition) -%}
    {%- if condition | trim == 'true' -%}
        {{ default__rows_within(table, condition) }}
    {%- else -%}
        select * from {{ table }}
        where rowid in (select rowid from {{ table }} as target_rows where {{ condition }})
    {%- endif -%}
{%- endmacro %}
