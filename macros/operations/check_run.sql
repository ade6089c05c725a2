{#- Stops a run that cannot end well, with one sentence, before anything is written. -#}
{% macro check_run() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- do check_date_var('as_of_date') -%}
        {%- do check_date_var('restate_from') -%}
        {%- do check_raw() -%}
        {%- do check_retained() -%}
    {%- endif -%}
{%- endmacro %}

{% macro check_date_var(name) -%}
    {%- set value = var(name, '') | string -%}
    {%- if value -%}
        {%- set parts = modules.re.match('^([0-9]{4})-([0-9]{2})-([0-9]{2})$', value) -%}
        {%- set ns = namespace(valid=false) -%}
        {%- if parts -%}
            {%- set year, month, day = parts.group(1) | int, parts.group(2) | int, parts.group(3) | int -%}
            {%- if year >= 1 and 1 <= month <= 12 and day >= 1 -%}
                {%- set first = modules.datetime.date(year, month, 1) -%}
                {%- set ns.valid = (first + modules.datetime.timedelta(days=day - 1)).month == month -%}
            {%- endif -%}
        {%- endif -%}
        {%- if not ns.valid -%}
            {{ exceptions.raise_compiler_error(
                "The var " ~ name ~ " is '" ~ value ~ "', which is no date: write it as 2026-01-31."
            ) }}
        {%- endif -%}
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
