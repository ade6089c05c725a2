{% macro refresh_relation_cache() -%}
    {{ return(adapter.dispatch('refresh_relation_cache', 'tutormax')()) }}
{%- endmacro %}

{% macro default__refresh_relation_cache() -%}
{%- endmacro %}

{% macro postgres__refresh_relation_cache() -%}
    {%- set missing = {} -%}
    {%- for node in own_nodes(['model', 'seed'])
        if adapter.get_relation(node.database, node.schema, node.alias) is none -%}
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
