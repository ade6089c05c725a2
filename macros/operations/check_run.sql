{#- Stops a run that cannot end well, with one sentence, before anything is written. -#}
{% macro check_run() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- do check_vars() -%}
        {%- do check_raw() -%}
        {%- do check_retained() -%}
    {%- endif -%}
{%- endmacro %}

{% macro check_raw() -%}
    {%- set empty = namespace(tables=true) -%}
    {%- for source in graph.sources.values() if source.source_name == 'raw' -%}
        {%- set relation = adapter.get_relation(source.database, source.schema, source.identifier) -%}
        {%- if relation is none -%}
            {{ exceptions.raise_compiler_error(
                "The table " ~ source.schema ~ "." ~ source.identifier ~ " is missing in "
                ~ target.name ~ ": load raw files with `tutormax load DIR --target " ~ target.name ~ "`."
            ) }}
        {%- endif -%}
        {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
        {%- if source.identifier != 'unreadable_rows' and var('loaded_at_column') not in columns -%}
            {{ exceptions.raise_compiler_error(
                "The table " ~ source.schema ~ "." ~ source.identifier ~ " has no column "
                ~ var('loaded_at_column') ~ ": the var loaded_at_column names the one that says when a"
                ~ " row arrived."
            ) }}
        {%- endif -%}
        {%- if empty.tables and run_query('select 1 as one from ' ~ relation ~ ' limit 1').rows | length -%}
            {%- set empty.tables = false -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if empty.tables -%}
        {{ exceptions.raise_compiler_error(
            "Every table of raw is empty in " ~ target.name
            ~ ": load raw files with `tutormax load DIR --target " ~ target.name ~ "`."
        ) }}
    {%- endif -%}
{%- endmacro %}
