{% macro quoted_list(columns) -%}
    {%- for column in columns -%}
        {{ adapter.quote(column) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro row_differs(left, right, columns) -%}
    (
        {{ 'false' if not columns }}
        {%- for column in columns %}
        {{ left }}.{{ adapter.quote(column) }} is distinct from {{ right }}.{{ adapter.quote(column) }}
        {{- ' or' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro row_matches(left, right, keys) -%}
    {%- for key in keys -%}
        {{ left }}.{{ adapter.quote(key) }} = {{ right }}.{{ adapter.quote(key) }}
        {{- ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
