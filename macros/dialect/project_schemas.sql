{% macro project_schemas() -%}
    {{ return(
        ((own_nodes(['model', 'seed']) + own_sources()) | map(attribute='schema') | list + [analyst_schema()]) | unique | sort
    ) }}
{%- endmacro %}
