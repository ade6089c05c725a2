{#-
    Has the engine count a table that was just made, or of which this build changed more than a tenth, where it
    does not do so itself: without that it would join the next model row by row.

    Of a wide table a model's meta can name the columns that others join and filter by, `statistics_of: [...]`;
    the engine counts the others when it comes by itself.
-#}
{% macro keep_statistics() -%}
    {{ return(adapter.dispatch('keep_statistics', 'tutormax')()) }}
{%- endmacro %}

{% macro default__keep_statistics() -%}
{%- endmacro %}

{#- Autovacuum has the same rule, and comes a minute later. -#}
{% macro postgres__keep_statistics() -%}
    {%- set columns = model.config.meta.get('statistics_of', []) %}
    {%- set changed = kept_for_the_run('changed_rows').get(model.alias, {}).values() | sum %}
    do $$
    begin
        if not exists (
            select 1 from pg_stats where schemaname = '{{ this.schema }}' and tablename = '{{ this.identifier }}'
        ) or {{ changed }} > (
            select reltuples / 10 from pg_class where oid = '{{ this }}'::regclass
        ) then
            analyze {{ this }}{{ ' (' ~ quoted_list(columns) ~ ')' if columns }};
        end if;
    end
    $$
{%- endmacro %}
