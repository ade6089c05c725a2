{#- What must stand before models run: the record of runs, and the plan of this build. -#}
{% macro prepare_warehouse() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'test') -%}
        {%- do create_schema(runs_relation()) -%}
        {%- do create_schema(plan_relation()) -%}
        {%- do create_retained_tables() -%}
        {%- do run_and_commit(warehouse_preparation()) -%}
        {%- if flags.WHICH != 'test' -%}
            {%- do run_and_commit(plan_build()) -%}
            {%- do learn_tables() -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro warehouse_preparation() -%}
    {{ return(adapter.dispatch('warehouse_preparation', 'tutormax')()) }}
{%- endmacro %}

{% macro default__warehouse_preparation() -%}
    {{ build_lock() }}
    {{ create_runs_table() }}
    {{ create_plan_table() }}
{%- endmacro %}

{#- The contracts say jsonb, as the schema document does. -#}
{% macro duckdb__warehouse_preparation() -%}
    create type if not exists jsonb as json;
    {{ create_runs_table() }}
    {{ create_plan_table() }}
{%- endmacro %}
