{#-
    dbt lists the tables when it starts, and a build that this one overtakes may have made some since:
    without this it would make them again.
-#}
{% macro learn_tables() -%}
    {{ return(adapter.dispatch('learn_tables', 'tutormax')()) }}
{%- endmacro %}

{% macro default__learn_tables() -%}
{%- endmacro %}

{% macro postgres__learn_tables() -%}
    {%- set missing = {} -%}
    {%- for node in graph.nodes.values()
        if node.resource_type in ('model', 'seed')
        and adapter.get_relation(node.database, node.schema, node.alias) is none -%}
        {%- do missing.update({node.schema ~ '.' ~ node.alias: node}) -%}
    {%- endfor -%}
    {%- if missing -%}
        {%- set made = run_query("select schemaname || '.' || tablename from pg_tables").columns[0].values() -%}
        {%- for name, node in missing.items() if name in made -%}
            {%- do adapter.cache_added(api.Relation.create(
                database=node.database, schema=node.schema, identifier=node.alias, type='table'
            )) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
