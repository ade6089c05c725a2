{% macro check_tested() -%}
    {%- do check_vars() -%}
    {%- set missing = {} -%}
    {%- for unique_id in selected_resources -%}
        {%- set parts = unique_id.split('.') -%}
        {%- set test = graph.nodes.get(
            'model.tutormax.' ~ parts[2] if parts[0] == 'unit_test' else unique_id, {'depends_on': {'nodes': []}}
        ) -%}
        {%- for parent in test.depends_on.nodes if parent in graph.nodes and parts[1] == 'tutormax' -%}
            {%- set node = graph.nodes[parent] -%}
            {%- if node.config.materialized != 'ephemeral' and not node.defer_relation
                and adapter.get_relation(node.database, node.schema, node.alias) is none -%}
                {%- do missing.update({node.schema ~ '.' ~ node.alias: true}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if missing -%}
        {{ exceptions.raise_compiler_error(
            "The tests read " ~ missing | length ~ " tables that are not built in " ~ target.name ~ ", such as "
            ~ missing.keys() | sort | first ~ ": run `dbt build` first, or `dbt test` with --defer and --state."
        ) }}
    {%- endif -%}
{%- endmacro %}
