{#-
    dbt casts the values of unit tests' rows by safe_cast, and writes a YAML list or mapping as Python
    would. Here a list becomes an array and a mapping JSON, in the words of the engine.
-#}
{% macro postgres__safe_cast(field, type) -%}
    cast({{ unit_test_value(field, type, 'array[', ']') }} as {{ type }})
{%- endmacro %}

{% macro duckdb__safe_cast(field, type) -%}
    cast({{ unit_test_value(field, type, '[', ']') }} as {{ type }})
{%- endmacro %}

{% macro unit_test_value(value, type, opening, closing) -%}
    {%- if value is string or value is not iterable -%}
        {{ value }}
    {%- elif value is mapping or 'json' in type | lower -%}
        {{ dbt.string_literal(dbt.escape_single_quotes(tojson(value))) }}
    {%- else -%}
        {{ opening }}
        {%- for item in value -%}
            {%- if item is none -%}
                null
            {%- elif item is string -%}
                {{ dbt.string_literal(dbt.escape_single_quotes(item)) }}
            {%- else -%}
                {{ item }}
            {%- endif -%}
            {{ ', ' if not loop.last }}
        {%- endfor -%}
        {{ closing }}
    {%- endif -%}
{%- endmacro %}
