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
