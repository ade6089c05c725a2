{% macro found_columns(sources) -%}
    {{ return(adapter.dispatch('found_columns', 'tutormax')(sources)) }}
{%- endmacro %}

{% macro default__found_columns(sources) -%}
    {%- set found = {} -%}
    {%- for row in run_query(catalog_columns(sources | map(attribute='schema') | unique | list)).rows -%}
        {%- do found.setdefault(row[0] ~ '.' ~ row[1], {}).update({row[2]: row[3]}) -%}
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
        {%- do found.update({table: {}}) -%}
        {%- for column in source.columns.values() -%}
            {%- set is_arrival = column.name == '_loaded_at' and source.identifier != 'unreadable_rows' -%}
            {%- set name = var('loaded_at_column') if is_arrival else column.name -%}
            {%- set type = column.data_type.lower() -%}
            {%- do declared.append(adapter.quote(name) ~ ' ' ~ sql_type(type)) -%}
            {%- do found[table].update({name: type | replace('text', 'varchar')}) -%}
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
            {%- for name, type in found[table].items() | list if files.get(name) != sql_type(type) -%}
                {%- do found[table].update({name: files.get(name)}) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
