{#- A mapping that all nodes of a run share, for what is asked of the warehouse once. -#}
{% macro kept_for_the_run(name) -%}
    {{ return(graph.setdefault(invocation_id, {}).setdefault(name, {})) }}
{%- endmacro %}
