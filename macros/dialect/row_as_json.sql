{% macro row_as_json(columns) -%}
    {{ return(adapter.dispatch('row_as_json', 'tutormax')(columns)) }}
{%- endmacro %}

{% macro default__row_as_json(columns) -%}
    jsonb_build_object({{ json_members(columns) }})
{%- endmacro %}

{% macro duckdb__row_as_json(columns) -%}
    json_object({{ json_members(columns) }})
{%- endmacro %}

{% macro json_members(columns) -%}
    {%- for column in columns %}
        {{ dbt.string_literal(column.name) }},
        {% if column.data_type == 'timestamp with time zone' -%}
            {{ utc_text(column.name) }}
        {%- elif column.data_type == 'double precision' -%}
            {{ double_as_json(column.name) }}
        {%- else -%}
            {{ column.name }}
        {%- endif -%}
        {{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro double_as_json(column) -%}
    {{ return(adapter.dispatch('double_as_json', 'tutormax')(column)) }}
{%- endmacro %}

{% macro default__double_as_json(column) -%}
    {{ column }}
{%- endmacro %}

{% macro duckdb__double_as_json(column) -%}
    case
        when isnan({{ column }}) then to_json('NaN')
        when isinf({{ column }}) then to_json(case when {{ column }} > 0 then 'Infinity' else '-Infinity' end)
        else to_json({{ column }})
    end
{%- endmacro %}

{#- Spark keeps JSON columns as text: parse them, so that they stay JSON. -#}
{% macro spark__row_as_json(columns) -%}
    to_json(
        named_struct(
            {%- for column in columns %}
            {{ dbt.string_literal(column.name) }},
            {% if column.data_type == 'timestamp with time zone' -%}
                {{ utc_text(column.name) }}
            {%- elif column.data_type == 'jsonb' -%}
                try_parse_json({{ column.name }})
            {%- else -%}
                {{ column.name }}
            {%- endif -%}
            {{ ',' if not loop.last }}
            {%- endfor %}
        ),
        map('ignoreNullFields', 'false')
    )
{%- endmacro %}
