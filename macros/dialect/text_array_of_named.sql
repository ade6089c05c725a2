{% macro text_array_of_named(conditions) -%}
    {{ return(adapter.dispatch('text_array_of_named', 'tutormax')(conditions)) }}
{%- endmacro %}

{% macro default__text_array_of_named(conditions) -%}
    array_remove(
        cast(array[{{ named_cases(conditions) }}] as varchar[]), null
    )
{%- endmacro %}

{#- DuckDB has no array_remove. -#}
{% macro duckdb__text_array_of_named(conditions) -%}
    list_filter(
        cast([{{ named_cases(conditions) }}] as varchar[]), lambda name: name is not null
    )
{%- endmacro %}

{% macro named_cases(conditions) -%}
    {%- for name, condition in conditions.items() %}
        case when {{ condition }} then {{ dbt.string_literal(name) }} end{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro spark__text_array_of_named(conditions) -%}
    array_compact(array({{ named_cases(conditions) }}))
{%- endmacro %}
