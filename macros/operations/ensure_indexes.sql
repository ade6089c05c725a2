{% macro ensure_indexes() -%}
    {#- A clone is a view where an engine cannot copy a table. -#}
    {%- if flags.WHICH != 'clone' -%}
        {{ return(adapter.dispatch('ensure_indexes', 'tutormax')()) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__ensure_indexes() -%}
{%- endmacro %}

{% macro postgres__ensure_indexes() -%}
    {%- for index_name, index in model.config.meta.get('indexes', {}).items() %}
    {%- set name = versioned_name(index_name) %}
    {%- if index.unique %}
    do $$
    begin
        if not exists (
            select 1 from pg_constraint where conname = '{{ name }}' and conrelid = '{{ this.include(database=false) }}'::regclass
        ) then
            alter table {{ this }} add constraint {{ name }}
            unique ({{ quoted_list(index.columns) }}) deferrable initially immediate;
        end if;
    end
    $$;
    {%- else %}
    create index if not exists {{ name }} on {{ this }} using {{ index.type or 'btree' }} ({{ quoted_list(index.columns) }})
    {{- ' include (' ~ quoted_list(index.include) ~ ')' if index.include }}
    {{- ' where ' ~ index.where if index.where }};
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
