{% macro create_once(sql) -%}
    {{ return(adapter.dispatch('create_once', 'tutormax')(sql)) }}
{%- endmacro %}

{% macro default__create_once(sql) -%}
    {{ return(sql) }}
{%- endmacro %}

{#- `if not exists` looks first and creates then: of two at once the later one fails. -#}
{% macro postgres__create_once(sql) -%}
    do $$
    begin
        {{ sql }};
    exception when duplicate_schema or duplicate_table or unique_violation then
        null;
    end
    $$
{%- endmacro %}
