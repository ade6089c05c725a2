{% macro check_sources() -%}
    {%- set drift = [] -%}
    {%- set loaded_at = var('loaded_at_column') -%}
    {%- for source in own_sources(['raw']) -%}
        {%- set layout = raw_layouts()[source.name] -%}
        {%- set table = source.schema ~ '.' ~ source.identifier -%}
        {%- if not layout -%}
            {{ exceptions.raise_compiler_error(
                "The table " ~ table ~ " is missing in " ~ target.name ~ ": load raw files with `tutormax load DIR --target "
                ~ target.name ~ "`. If another loader loads it, the vars raw_database and raw_schema say where."
            ) }}
        {%- endif -%}
        {%- for column in layout.values() -%}
            {%- if column.name == loaded_at and not column.found -%}
                {{ exceptions.raise_compiler_error(
                    "The table " ~ table ~ " has no column " ~ loaded_at
                    ~ ": the var loaded_at_column names the one that says when a row arrived."
                ) }}
            {%- elif not (column.found and column.sql) -%}
                {%- do drift.append(
                    table ~ "." ~ column.name ~ " is " ~ (column.found or "missing") ~ ", expected " ~ column.expected
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if drift -%}
        {{ exceptions.raise_compiler_error(
            "Raw is not what the sources declare: " ~ drift | join("; ")
            ~ ". Put raw right, or change the sources and the models that read it."
        ) }}
    {%- endif -%}
    {%- if loaded_at == '_dlt_load_id' and load_relation(dlt_loads()) is none -%}
        {{ exceptions.raise_compiler_error(
            "The table " ~ dlt_loads() ~ " is missing: dlt writes there which of its loads are complete."
        ) }}
    {%- endif -%}
    {%- do check_values() -%}
{%- endmacro %}

{% macro check_values() -%}
    {%- for source in own_sources(['raw']) -%}
        {%- set counts = [] -%}
        {%- for column in raw_layouts()[source.name].values() if column.misfit -%}
            {%- do counts.append(
                "select '" ~ column.name ~ "' as name, '" ~ column.expected ~ "' as expected, count(*) as misfits, min(cast("
                ~ adapter.quote(column.name) ~ " as varchar)) as example from " ~ source.relation_name ~ " where "
                ~ column.misfit
            ) -%}
        {%- endfor -%}
        {%- for name, expected, misfits, example in (run_query(counts | join(' union all ')).rows if counts else [])
            if misfits | int > 0 -%}
            {{ exceptions.raise_compiler_error(
                misfits ~ " values of " ~ source.schema ~ "." ~ source.identifier ~ "." ~ name ~ " cannot be read as "
                ~ expected ~ ", such as '" ~ (example | string)[:50] ~ "': correct them where they are loaded."
            ) }}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
