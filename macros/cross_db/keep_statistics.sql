{#-
    Has the engine count a table that was just made, where it does not do so itself: without that it would
    join the next model row by row.
-#}
{% macro keep_statistics() -%}
    {{ return(adapter.dispatch('keep_statistics', 'tutormax')()) }}
{%- endmacro %}

{% macro default__keep_statistics() -%}
{%- endmacro %}

{% macro postgres__keep_statistics() -%}
    analyze {{ this }}
{%- endmacro %}
