{% macro random_text() -%}
    {{ return(adapter.dispatch('random_text', 'tutormax')()) }}
{%- endmacro %}

{% macro default__random_text() -%}
    cast(gen_random_uuid() as varchar) || cast(gen_random_uuid() as varchar)
{%- endmacro %}

{% macro spark__random_text() -%}
    uuid() || uuid()
{%- endmacro %}
