{% macro sql_type(type) -%}
    {{ return(adapter.dispatch('sql_type', 'tutormax')(type)) }}
{%- endmacro %}

{% macro default__sql_type(type) -%}
    {{ return(type) }}
{%- endmacro %}

{% macro spark__sql_type(type) -%}
    {%- set words = {
        'integer': 'int',
        'timestamp with time zone': 'timestamp',
        'double precision': 'double',
        'jsonb': 'string',
        'varchar[]': 'array<string>'
    } -%}
    {{ return(words.get(type, 'string' if type.split('(')[0] in ('varchar', 'text') else type)) }}
{%- endmacro %}

{% macro instant(literal) -%}
    cast({{ literal }} as {{ sql_type('timestamp with time zone') }})
{%- endmacro %}

{#- dbt checks a contract by casting null to the types of its columns. -#}
{% macro spark__cast(field, type) -%}
    cast({{ field }} as {{ tutormax.sql_type(type) }})
{%- endmacro %}
