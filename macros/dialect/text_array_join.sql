{% macro text_array_join(column, separator=',') -%}
    {{ return(adapter.dispatch('text_array_join', 'tutormax')(column, separator)) }}
{%- endmacro %}

{% macro default__text_array_join(column, separator) -%}
    array_to_string({{ column }}, {{ dbt.string_literal(separator) }})
{%- endmacro %}

{% macro spark__text_array_join(column, separator) -%}
    array_join({{ column }}, {{ dbt.string_literal(separator) }})
{%- endmacro %}
