{% macro analyze_if_changed() -%}
    {{ return(adapter.dispatch('analyze_if_changed', 'tutormax')()) }}
{%- endmacro %}

{% macro default__analyze_if_changed() -%}
{%- endmacro %}

{#- Autovacuum has the same rule but runs a minute later. -#}
{% macro postgres__analyze_if_changed() -%}
    {%- set columns = model.config.meta.get('statistics_of', []) %}
    {%- set changed = kept_for_the_run('changed_rows').get(model.alias, {}).values() | sum %}
    do $$
    begin
        if not exists (
            select 1 from pg_stats where schemaname = '{{ this.schema }}' and tablename = '{{ this.identifier }}'
        ) or {{ changed }} > (
            select reltuples / 10 from pg_class where oid = '{{ this.include(database=false) }}'::regclass
        ) then
            analyze {{ this }}{{ ' (' ~ quoted_list(columns) ~ ')' if columns }};
        end if;
    end
    $$
{%- endmacro %}
