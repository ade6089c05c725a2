{% macro found_columns(sources) -%}
    {{ return(adapter.dispatch('found_columns', 'tutormax')(sources)) }}
{%- endmacro %}

{% macro default__found_columns(sources) -%}
    {%- set found = {} -%}
    {%- for database in sources | map(attribute='database') | unique -%}
        {%- set here = sources | selectattr('database', 'equalto', database) | list -%}
        {%- set columns = {} -%}
        {%- for row in run_query(catalog_columns(here | map(attribute='schema') | unique | list, database)).rows -%}
            {%- do columns.setdefault((row[0], row[1]), {}).update({row[2]: {'type': row[3], 'is_nullable': row[4]}}) -%}
        {%- endfor -%}
        {%- for source in here if (source.schema, source.identifier) in columns -%}
            {%- do found.update({source.unique_id: columns[(source.schema, source.identifier)]}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#-
    Registers the Parquet files of raw, one folder per table, as external tables with the columns that the YAML
    declares. Then reads the types from the files, which have the same columns.
-#}
{% macro spark__found_columns(sources) -%}
    {%- set found = {} -%}
    {%- for source in sources -%}
        {%- set table = source.schema ~ '.' ~ source.identifier -%}
        {%- set folder = spark_directory() ~ '/' ~ source.schema ~ '/' ~ source.identifier -%}
        {%- set declared = [] -%}
        {%- set columns = {} -%}
        {%- do found.update({source.unique_id: columns}) -%}
        {%- for column in source.columns.values() -%}
            {%- set is_arrival = column.name == '_loaded_at' and source.source_name == 'raw' -%}
            {%- set name = var('loaded_at_column') if is_arrival else column.name -%}
            {%- set type = column.data_type.lower() -%}
            {%- do declared.append(adapter.quote(name) ~ ' ' ~ sql_type(type)) -%}
            {%- do columns.update({name: {'type': type | replace('text', 'varchar'), 'is_nullable': false}}) -%}
        {%- endfor -%}
        {%- if loop.first -%}
            {%- do run_query('create schema if not exists ' ~ source.schema) -%}
        {%- endif -%}
        {%- do run_query(
            'create table if not exists ' ~ table ~ ' (' ~ declared | join(', ') ~ ") using parquet location '"
            ~ folder ~ "'"
        ) -%}
        {%- do run_query('refresh table ' ~ table) -%}
        {%- if run_query('select 1 as one from ' ~ table ~ ' limit 1').rows | length -%}
            {%- set files = {} -%}
            {%- for row in run_query('describe (select * from parquet.`' ~ folder ~ '`)').rows -%}
                {%- do files.update({row[0]: row[1]}) -%}
            {%- endfor -%}
            {%- for name, column in columns.items() | list if files.get(name) != sql_type(column.type) -%}
                {%- do columns.update({name: {'type': files[name], 'is_nullable': false}} if name in files else {}) -%}
                {%- if name not in files -%}
                    {%- do columns.pop(name) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
