{% macro rows_within(table, condition) -%}
    {{ return(adapter.dispatch('rows_within', 'tutormax')(table, condition)) }}
{%- endmacro %}

{% macro default__rows_within(table, condition) -%}
    select * from {{ table }} as target_rows where {{ condition }}
{%- endmacro %}

{#- DuckDB would read all columns of all rows to look up keys: here it looks the rows up first. -#}
{% macro duckdb__rows_within(table, condition) -%}
    {%- if condition | trim == 'true' -%}
        {{ default__rows_within(table, condition) }}
    {%- else -%}
        select * from {{ table }}
        where rowid in (select rowid from {{ table }} as target_rows where {{ condition }})
    {%- endif -%}
{%- endmacro %}
