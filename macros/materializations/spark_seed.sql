{#-
    Loads a seed in one statement. The bound values of dbt-spark's inserts turn nulls into the text None and fail on an
    apostrophe.
-#}
{% materialization seed, adapter='spark' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set seed = load_agate_table() -%}
    {%- do store_result('agate_table', response='OK', agate_table=seed) -%}
    {{ run_hooks(pre_hooks) }}
    {%- do adapter.drop_relation(target_relation) -%}
    {%- call statement('main') -%}
        create table {{ target_relation }} using parquet as
        select
            {%- for column in seed.column_names %}
            cast({{ adapter.quote(column) }} as {{ sql_type(config.get('column_types')[column]) }})
            as {{ adapter.quote(column) }}{{ ',' if not loop.last }}
            {%- endfor %}
        from values
        {%- for row in seed.rows or [[none] * seed.column_names | length] %}
        (
            {%- for value in row -%}
                {{ spark_literal(value) }}{{ ', ' if not loop.last }}
            {%- endfor -%}
        ){{ ',' if not loop.last }}
        {%- endfor %}
        as seed_rows ({{ quoted_list(seed.column_names) }})
        {{ 'where false' if not seed.rows }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro spark_literal(value) -%}
    {{ return(
        'null' if value is none
        else "'" ~ value | string | replace('\\', '\\\\') | replace("'", "\\'") ~ "'"
    ) }}
{%- endmacro %}
