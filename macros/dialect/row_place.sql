{% macro row_place() -%}
    {{ return(adapter.dispatch('row_place', 'tutormax')()) }}
{%- endmacro %}

{% macro default__row_place() -%}
    rowid
{%- endmacro %}

{% macro postgres__row_place() -%}
    ctid
{%- endmacro %}
