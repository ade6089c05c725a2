{% macro check_sources() -%}
    {%- set sources = graph.sources.values() | selectattr('source_name', 'equalto', 'raw') | list -%}
    {%- set found = found_columns(sources) -%}
    {%- set drift = [] -%}
    {%- for source in sources -%}
        {%- set table = source.schema ~ '.' ~ source.identifier -%}
        {%- if table not in found -%}
            {{ exceptions.raise_compiler_error(
                "The table " ~ table ~ " is missing in " ~ target.name
                ~ ": load raw files with `tutormax load DIR --target " ~ target.name ~ "`."
            ) }}
        {%- endif -%}
        {%- for column in source.columns.values() -%}
            {%- set is_arrival = column.name == '_loaded_at' and source.identifier != 'unreadable_rows' -%}
            {%- set name = var('loaded_at_column') if is_arrival else column.name -%}
            {%- set expected = column.data_type.lower() | replace('text', 'varchar') -%}
            {%- set type = found[table].get(name) -%}
            {%- if type is none and is_arrival -%}
                {{ exceptions.raise_compiler_error(
                    "The table " ~ table ~ " has no column " ~ name
                    ~ ": the var loaded_at_column names the one that says when a row arrived."
                ) }}
            {%- elif type != expected -%}
                {%- do drift.append(
                    table ~ "." ~ name ~ " is " ~ (type or "missing") ~ ", expected " ~ expected
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
{%- endmacro %}
