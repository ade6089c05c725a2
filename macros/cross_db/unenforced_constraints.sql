{#-
    The types of constraints that a contract may name and the engine does not enforce. The data test
    constraints_hold checks them; where the list is empty, the test does not exist.

    DuckDB could enforce keys, but it can neither update a row that a foreign key points to nor fill an
    indexed key as fast as it fills a table.
-#}
{% macro unenforced_constraints() -%}
    {{ return(adapter.dispatch('unenforced_constraints', 'tutormax')()) }}
{%- endmacro %}

{% macro default__unenforced_constraints() -%}
    {{ return(['not_null', 'check', 'primary_key', 'unique', 'foreign_key']) }}
{%- endmacro %}

{% macro duckdb__unenforced_constraints() -%}
    {{ return(['primary_key', 'unique', 'foreign_key']) }}
{%- endmacro %}

{% macro postgres__unenforced_constraints() -%}
    {{ return([]) }}
{%- endmacro %}
