{% macro kept_for_the_run(name) -%}
    {{ return(graph.setdefault(invocation_id, {}).setdefault(name, {})) }}
{%- endmacro %}
