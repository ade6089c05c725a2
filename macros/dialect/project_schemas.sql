{% macro project_schemas() -%}
    {%- set nodes = graph.nodes.values() | list + graph.sources.values() | list -%}
    {{ return(
        nodes | selectattr('resource_type', 'in', ['model', 'seed', 'source']) | map(attribute='schema') | unique | sort
    ) }}
{%- endmacro %}
