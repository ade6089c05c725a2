{% macro check_run() -%}
    {%- do check_package() -%}
    {%- do check_vars() -%}
    {%- do check_session() -%}
    {%- do check_recompute() -%}
    {%- do check_rights() -%}
    {%- do check_sources() -%}
    {%- do check_raw() -%}
{%- endmacro %}

{% macro check_raw() -%}
    {%- set empty = namespace(tables=true) -%}
    {%- for source in own_sources(['raw']) -%}
        {%- if empty.tables and run_query('select 1 as one from ' ~ raw_rows(source.name, is_whole=true) ~ ' limit 1').rows | length -%}
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
