{#- What an engine must know before models run. -#}
{% macro prepare_warehouse() -%}
    {{ return(adapter.dispatch('prepare_warehouse', 'tutormax')()) }}
{%- endmacro %}

{% macro default__prepare_warehouse() -%}
{%- endmacro %}

{#- The contracts say jsonb, as the schema document does. dbt rolls the transaction of a hook back. -#}
{% macro duckdb__prepare_warehouse() -%}
    create type if not exists jsonb as json;
    commit;
    begin
{%- endmacro %}
