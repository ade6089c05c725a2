{% macro run_and_commit(sql) -%}
    {%- do run_in_transaction(sql) -%}
    {%- do adapter.commit() -%}
{%- endmacro %}

{#- run_query() does not begin one. -#}
{% macro run_in_transaction(sql) -%}
    {%- call statement('run_in_transaction', auto_begin=true) -%}
        {{ sql }}
    {%- endcall -%}
{%- endmacro %}
