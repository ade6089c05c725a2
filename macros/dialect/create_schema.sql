{#- Two builds that start together both create a missing schema: the later one finds it there. -#}
{% macro postgres__create_schema(relation) -%}
    {%- if relation.database -%}
        {%- do adapter.verify_database(relation.database) -%}
    {%- endif -%}
    {%- call statement('create_schema') -%}
        {{ create_once('create schema if not exists ' ~ relation.without_identifier().include(database=false)) }}
    {%- endcall -%}
{%- endmacro %}
