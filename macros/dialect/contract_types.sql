{#- The types of a contract, as the catalog of the engine spells them; empty where tables are not altered. -#}
{% macro contract_types(node) -%}
    {{ return(adapter.dispatch('contract_types', 'tutormax')(node)) }}
{%- endmacro %}

{% macro default__contract_types(node) -%}
    {{ return({}) }}
{%- endmacro %}

{% macro duckdb__contract_types(node) -%}
    {{ return(engine_types(node, 'typeof')) }}
{%- endmacro %}

{% macro postgres__contract_types(node) -%}
    {%- set types = engine_types(node, 'pg_typeof') -%}
    {%- for column in node.columns.values() if '(' in column.data_type -%}
        {%- do types.update({column.name: types[column.name] ~ '(' ~ (column.data_type.split('(')[1] | replace(' ', ''))}) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}

{% macro engine_types(node, function) -%}
    {%- set types = [] -%}
    {%- for column in node.columns.values() -%}
        {%- do types.append('cast(' ~ function ~ '(cast(null as ' ~ column.data_type ~ ')) as varchar)') -%}
    {%- endfor -%}
    {%- set found = run_query('select ' ~ types | join(', ')).rows[0].values() -%}
    {{ return(dict(zip(node.columns.keys(), found))) }}
{%- endmacro %}
