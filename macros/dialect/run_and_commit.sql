{% macro run_and_commit(sql) -%}
    {%- call statement('run_and_commit', auto_begin=true) -%}
        {{ sql }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
{%- endmacro %}
