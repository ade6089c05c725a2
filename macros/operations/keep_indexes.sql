{#-
    The indexes that a model's meta names, under those very names: {name: {columns: [...], unique: true}},
    {name: {columns: [...], where: ...}} for one on some of the rows, or {name: {columns: [...], include: [...]}}
    for one that carries other columns along.
    dbt would choose names of its own. Only PostgreSQL profits from them. A version of a model that does not
    stand under the model's own name has them with its number behind, as names are unique in a schema.

    A unique one belongs to a constraint that is looked at when a statement ends and not row by row, so
    that two rows can swap values in one update.
-#}
{% macro keep_indexes() -%}
    {{ return(adapter.dispatch('keep_indexes', 'tutormax')()) }}
{%- endmacro %}

{% macro default__keep_indexes() -%}
{%- endmacro %}

{% macro postgres__keep_indexes() -%}
    {%- for index_name, index in model.config.meta.get('named_indexes', {}).items() %}
    {%- set name = index_name ~ ('' if model.alias == model.name else '_v' ~ model.version) %}
    {%- if index.unique %}
    do $$
    begin
        if not exists (
            select 1 from pg_constraint where conname = '{{ name }}' and conrelid = '{{ this }}'::regclass
        ) then
            alter table {{ this }} add constraint {{ name }}
            unique ({{ quoted_list(index.columns) }}) deferrable initially immediate;
        end if;
    end
    $$;
    {%- else %}
    create index if not exists {{ name }} on {{ this }} ({{ quoted_list(index.columns) }})
    {{- ' include (' ~ quoted_list(index.include) ~ ')' if index.include }}
    {{- ' where ' ~ index.where if index.where }};
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
