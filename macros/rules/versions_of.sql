{% macro versions_of(name) -%}
    {{ return(own_nodes() | selectattr('name', 'equalto', name) | list) }}
{%- endmacro %}

{% macro latest_version_of(name) -%}
    {%- for node in versions_of(name) if node.version == node.latest_version -%}
        {{ return(node) }}
    {%- endfor -%}
{%- endmacro %}

{% macro versioned_name(name) -%}
    {{ return(name ~ ('' if model.alias == model.name else '_v' ~ model.version)) }}
{%- endmacro %}
