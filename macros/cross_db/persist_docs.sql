{#-
    dbt would write the comments of a table and of all its columns in every build. This writes those that
    differ from what the table says, so that a build over unchanged raw writes none.
-#}
{% macro default__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set said = {} -%}
    {%- for row in run_query(comments_in_force(relation)).rows -%}
        {%- do said.update({row[0]: row[1]}) -%}
    {%- endfor -%}
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

{#- A select of each column's name with its comment; the comment of the relation has no name. -#}
{% macro comments_in_force(relation) -%}
    {{ return(adapter.dispatch('comments_in_force', 'tutormax')(relation)) }}
{%- endmacro %}

{% macro default__comments_in_force(relation) -%}
    select
        attname::text,
        col_description(attrelid, attnum)
    from pg_attribute
    where attrelid = '{{ relation }}'::regclass and attnum > 0 and not attisdropped
    union all
    select
        '',
        obj_description('{{ relation }}'::regclass, 'pg_class')
{%- endmacro %}

{% macro duckdb__comments_in_force(relation) -%}
    select
        column_name,
        comment
    from duckdb_columns()
    where
        database_name = current_database()
        and schema_name = '{{ relation.schema }}'
        and table_name = '{{ relation.identifier }}'
    union all
    select
        '',
        comment
    from duckdb_tables()
    where
        database_name = current_database()
        and schema_name = '{{ relation.schema }}'
        and table_name = '{{ relation.identifier }}'
{%- endmacro %}

{#- Spark's tables in Parquet carry no descriptions: dbt's docs have them. -#}
{% macro spark__persist_docs(relation, model, for_relation, for_columns) -%}
{%- endmacro %}
