{% macro own_nodes(resource_types=['model']) -%}
    {{ return(
        graph.get('nodes', {}).values() | selectattr('package_name', 'equalto', 'tutormax')
        | selectattr('resource_type', 'in', resource_types) | list
    ) }}
{%- endmacro %}

{#- `dbt retry` does not say what it runs: it may be anything. -#}
{% macro selected_nodes() -%}
    {{ return(selected_resources or graph.nodes.keys() | list) }}
{%- endmacro %}

{% macro is_run_own() -%}
    {%- set own = [] -%}
    {%- for unique_id in selected_nodes() if unique_id.split('.')[1] == 'tutormax'
        and (flags.WHICH == 'test' or unique_id.split('.')[0] in ('model', 'seed')) -%}
        {%- do own.append(unique_id) -%}
    {%- endfor -%}
    {{ return(own | length > 0) }}
{%- endmacro %}

{% macro own_sources(names=none) -%}
    {%- set sources = graph.get('sources', {}).values() | selectattr('package_name', 'equalto', 'tutormax') -%}
    {{ return((sources if names is none else sources | selectattr('source_name', 'in', names)) | list) }}
{%- endmacro %}

{#- Seeds may be those of the project that this one is a package of. -#}
{% macro own_inputs() -%}
    {%- set known = kept_for_the_run('own_inputs') -%}
    {%- if not known -%}
        {%- for node in own_nodes(['model', 'seed']) -%}
            {%- do known.update({node.unique_id: true}) -%}
            {%- for parent in node.depends_on.get('nodes', []) -%}
                {%- do known.update({parent: true}) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(known) }}
{%- endmacro %}

{% macro own_relation(table) -%}
    {%- set node = own_nodes() | selectattr('alias', 'equalto', table) | first -%}
    {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) }}
{%- endmacro %}

{#- Without source(), so that builds do not depend on what they log. -#}
{% macro source_relation(source_name, name) -%}
    {%- set source = graph.sources['source.tutormax.' ~ source_name ~ '.' ~ name] -%}
    {{ return(api.Relation.create(database=source.database, schema=source.schema, identifier=source.identifier)) }}
{%- endmacro %}
