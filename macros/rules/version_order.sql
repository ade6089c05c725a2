{% macro version_order(table, updated) -%}
    {%- set order_by = [] -%}
    {%- if updated is not none %}{% do order_by.append(updated ~ ' desc nulls last') %}{% endif -%}
    {%- do order_by.append('loaded_at desc') -%}
    {#- Includes the key: a missing one may be null or empty. -#}
    {%- for column in source_columns()[table] | default([]) if column.name != updated -%}
        {%- set is_text = (column.data_type or '').split('(')[0] in ('text', 'varchar', 'varchar[]') -%}
        {%- set compared = column.name -%}
        {%- if is_text -%}
            {%- set compared = by_code_point(column.name) -%}
        {%- elif column.name in json_columns(table) -%}
            {%- set compared = by_code_point('canonical_' ~ column.name) -%}
        {%- endif -%}
        {%- do order_by.append(compared ~ ' nulls last') -%}
    {%- endfor -%}
    {{ return(order_by) }}
{%- endmacro %}

{% macro json_columns(table) -%}
    {{ return(
        source_columns()[table] | default([]) | selectattr('data_type', 'eq', 'jsonb') | map(attribute='name') | list
    ) }}
{%- endmacro %}

{#- To put documents in order takes long, and few keys have several versions. -#}
{% macro comparable_documents(relation, documents) -%}
    repeated as (
        select
            *,
            count(*) over (partition by record_key) > 1 as has_versions
        from {{ relation }}
    ),

    comparable as (
        select
            *{% for name in documents %},
            {{ canonical_json(name, where='has_versions') }} as canonical_{{ name }}
            {%- endfor %}
        from repeated
    ),
{%- endmacro %}
