{#-
    The tables of the source `archive`, where they or columns of them are missing: the commands that fill
    them make them too, but models read them from the first build on.
-#}
{% macro create_retained_tables() -%}
    {%- for source in graph.sources.values() if source.source_name == 'archive' -%}
        {%- if adapter.get_relation(source.database, source.schema, source.identifier) is none -%}
            {%- set relation = api.Relation.create(
                database=source.database, schema=source.schema, identifier=source.identifier
            ) -%}
            {%- do create_schema(relation.without_identifier()) -%}
            {%- call statement('create_retained_table', auto_begin=true) -%}
                create table if not exists {{ relation }} (
                    {%- for column in source.columns.values() %}
                    {{ column.name }} {{ sql_type(column.data_type) }}{{ ',' if not loop.last }}
                    {%- endfor %}
                )
            {%- endcall -%}
            {%- do adapter.commit() -%}
        {%- else -%}
            {%- do add_retained_columns(source) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{#- An earlier version kept fewer sums: what it did not keep is unknown, and adds nothing. -#}
{% macro add_retained_columns(source) -%}
    {%- set relation = adapter.get_relation(source.database, source.schema, source.identifier) -%}
    {%- set present = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {%- for column in source.columns.values() if column.name not in present -%}
        {%- do run_and_commit(
            'alter table ' ~ relation ~ ' add column if not exists ' ~ column.name ~ ' ' ~ column.data_type
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{#-
    Stops a run that would lose history: raw no longer holds the sessions in the archive, so days before
    can only be made from their sums.
-#}
{% macro check_retained() -%}
    {%- set tables = {} -%}
    {%- for source in graph.sources.values() if source.source_name == 'archive' -%}
        {%- set relation = adapter.get_relation(source.database, source.schema, source.identifier) -%}
        {%- if relation is not none -%}
            {%- do tables.update({source.name: relation}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if tables.retained_sessions and not var('allow_history_loss', false) -%}
        {%- set archived = run_query('select count(*) from ' ~ tables.retained_sessions).rows[0][0] | int -%}
        {%- set summed = namespace(sessions=0) -%}
        {%- if archived and tables.retained_tutor_days -%}
            {%- set summed.sessions = run_query(
                'select coalesce(sum(sessions), 0) from ' ~ tables.retained_tutor_days
            ).rows[0][0] | int -%}
        {%- endif -%}
        {%- if summed.sessions < archived -%}
            {{ exceptions.raise_compiler_error(
                archived ~ " sessions have left raw for the archive, and archive.retained_tutor_days in "
                ~ target.name ~ " holds the sums of only " ~ summed.sessions ~ " sessions, so a build would"
                ~ " lose history: restore that table, or pass --vars '{allow_history_loss: true}'."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
