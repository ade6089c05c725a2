{#-
    dbt casts values of unit tests with safe_cast and writes a YAML list or mapping as Python would. Here a list becomes
    an array, and a mapping JSON.

    In a CSV file every cell is text, and an empty cell is null. '' is empty text, x{51} is x 51 times (more text may
    follow), words separated by spaces are an array, and [] is an empty array.
-#}
{% macro postgres__safe_cast(field, type) -%}
    cast({{ tutormax.unit_test_value(field, type, 'array[', ']') }} as {{ type }})
{%- endmacro %}

{% macro duckdb__safe_cast(field, type) -%}
    cast({{ tutormax.unit_test_value(field, type, '[', ']') }} as {{ type }})
{%- endmacro %}

{% macro unit_test_value(value, type, opening, closing) -%}
    {%- set repeated = modules.re.match("'(.){(\\d+)}", value) if value is string else none -%}
    {%- if value is string and value != 'null' and type.endswith('[]') -%}
        {%- set value = value.strip("'[]").split() -%}
    {%- elif value == "''''''" -%}
        {%- set value = "''" -%}
    {%- elif repeated -%}
        {%- set value = "'" ~ repeated[1] * (repeated[2] | int) ~ value[repeated.end():] -%}
    {%- endif -%}
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
