{% macro text_array_contains(column, value) -%}
    {{ return(adapter.dispatch('text_array_contains', 'tutormax')(column, value)) }}
{%- endmacro %}

{% macro default__text_array_contains(column, value) -%}
    ({{ dbt.string_literal(value) }} = any({{ column }}))
{%- endmacro %}

{% macro spark__text_array_contains(column, value) -%}
    array_contains({{ column }}, {{ dbt.string_literal(value) }})
{%- endmacro %}
