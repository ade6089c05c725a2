{% macro remembers_builds() -%}
    {{ return(adapter.dispatch('remembers_builds', 'tutormax')()) }}
{%- endmacro %}

{% macro default__remembers_builds() -%}
    {{ return(true) }}
{%- endmacro %}

{% macro spark__remembers_builds() -%}
    {{ return(false) }}
{%- endmacro %}
