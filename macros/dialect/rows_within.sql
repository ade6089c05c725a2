{% macro rows_within(table, condition, row_place=none) -%}
    {{ return(adapter.dispatch('rows_within', 'tutormax')(table, condition, row_place)) }}
{%- endmacro %}

{% macro default__rows_within(table, condition, row_place) -%}
    select *{{ ', ' ~ row_place ~ ' as row_place' if row_place }} from {{ table }} as target_rows where {{ condition }}
{%- endmacro %}

{#- Finds the rows first: otherwise DuckDB reads all columns of all rows. -#}
{% macro duckdb__rows_within(table, condition, row_place) -%}
    {%- if condition | trim != 'true' -%}
        {%- set condition = 'rowid in (select rowid from ' ~ table ~ ' as target_rows where ' ~ condition ~ ')' -%}
    {%- endif -%}
    {{ default__rows_within(table, condition, row_place) }}
{%- endmacro %}
