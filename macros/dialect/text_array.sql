{% macro text_array(values) -%}
    {{ return(adapter.dispatch('text_array', 'tutormax')(values)) }}
{%- endmacro %}

{% macro default__text_array(values) -%}
    cast(array[
        {%- for value in values -%}
            {{ dbt.string_literal(value) }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    ] as varchar[])
{%- endmacro %}

{% macro spark__text_array(values) -%}
    cast(array(
        {%- for value in values -%}
            {{ dbt.string_literal(value) }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    ) as array<string>)
{%- endmacro %}
