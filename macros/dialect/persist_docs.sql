{#-
    dbt would write all comments in every build. This writes only those that differ, so that a build over unchanged raw
    writes none.
-#}
{% macro default__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- if model.package_name != 'tutormax' -%}
        {{ return(dbt.default__persist_docs(relation, model, for_relation, for_columns)) }}
    {%- endif -%}
    {%- set said = comments_of(relation) -%}
    {%- if for_relation and config.persist_relation_docs() and model.description
        and said.get('') != model.description -%}
        {%- do run_query(alter_relation_comment(relation, model.description)) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
        {%- set changed = {} -%}
        {%- for name, column in model.columns.items()
            if column.description and name in said and said[name] != column.description -%}
            {%- do changed.update({name: column}) -%}
        {%- endfor -%}
        {%- if changed -%}
            {%- do run_query(alter_column_comment(relation, changed)) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro comments_of(relation) -%}
    {%- set place = (relation.schema, relation.identifier) -%}
    {%- set known = kept_for_the_run('comments') -%}
    {%- if not known -%}
        {%- set nodes = graph.nodes.values() | selectattr('resource_type', 'in', ['model', 'seed', 'snapshot']) -%}
        {%- set schemas = nodes | map(attribute='schema') | unique | join("', '") -%}
        {%- do known.update(comments_where("schema_name in ('" ~ schemas ~ "')")) -%}
    {%- endif -%}
    {%- set found = known.get(place, {}) -%}
    {%- set is_anew = flags.FULL_REFRESH or model.config.materialized not in ('incremental', 'seed') -%}
    {%- if is_anew or model.columns.keys() | reject('in', found) | list -%}
        {{ return(comments_where(
            "schema_name = '" ~ relation.schema ~ "' and table_name = '" ~ relation.identifier ~ "'"
        ).get(place, {})) }}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{% macro comments_where(condition) -%}
    {%- set found = {} -%}
    {%- for row in run_query(
        'select * from (' ~ adapter.dispatch('every_comment', 'tutormax')() ~ ') as said where ' ~ condition
    ).rows -%}
        {%- do found.setdefault((row[0], row[1]), {}).update({row[2]: row[3]}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{% macro default__every_comment() -%}
    select
        schemas.nspname::text as schema_name,
        tables.relname::text as table_name,
        coalesce(columns.attname::text, '') as column_name,
        case
            when columns.attnum is null then obj_description(tables.oid, 'pg_class')
            else col_description(tables.oid, columns.attnum)
        end as said
    from pg_catalog.pg_class as tables
    inner join pg_catalog.pg_namespace as schemas on tables.relnamespace = schemas.oid
    cross join lateral (
        select attname, attnum from pg_catalog.pg_attribute
        where attrelid = tables.oid and attnum > 0 and not attisdropped
        union all
        select null, null
    ) as columns
    where tables.relkind in ('r', 'v', 'p')
{%- endmacro %}

{% macro duckdb__every_comment() -%}
    select schema_name, table_name, column_name, comment
    from duckdb_columns()
    where database_name = current_database()
    union all
    select schema_name, table_name, '', comment
    from duckdb_tables()
    where database_name = current_database()
    union all
    select schema_name, view_name, '', comment
    from duckdb_views()
    where database_name = current_database() and not internal
{%- endmacro %}

{#- Parquet tables cannot store comments. -#}
{% macro spark__persist_docs(relation, model, for_relation, for_columns) -%}
{%- endmacro %}
