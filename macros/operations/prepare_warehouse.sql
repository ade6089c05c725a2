{#- What must stand before models run: the record of runs, and the plan of this build. -#}
{% macro prepare_warehouse() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'test') -%}
        {%- do create_schema(runs_relation().without_identifier()) -%}
        {%- do create_schema(plan_relation().without_identifier()) -%}
        {%- do create_retained_tables() -%}
        {%- for statement in warehouse_preparation() -%}
            {%- do run_and_commit(statement) -%}
        {%- endfor -%}
        {%- if flags.WHICH != 'test' -%}
            {%- do run_and_commit(plan_build()) -%}
            {%- do learn_tables() -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Statements that each stand alone, where an engine takes them one by one. -#}
{% macro warehouse_preparation() -%}
    {{ return(adapter.dispatch('warehouse_preparation', 'tutormax')()) }}
{%- endmacro %}

{% macro default__warehouse_preparation() -%}
    {{ return([build_lock() ~ create_runs_table() ~ create_plan_table()]) }}
{%- endmacro %}

{#- The contracts say jsonb, as the schema document does. -#}
{% macro duckdb__warehouse_preparation() -%}
    {{ return(['create type if not exists jsonb as json;' ~ create_runs_table() ~ create_plan_table()]) }}
{%- endmacro %}

{% macro spark__warehouse_preparation() -%}
    {{ return([create_runs_table(), create_plan_table()]) }}
{%- endmacro %}
