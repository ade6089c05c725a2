{% macro source_columns() -%}
    {%- set columns = {} -%}
    {%- for source in own_sources(['raw']) -%}
        {%- do columns.update({source.name: []}) -%}
        {%- for column in source.columns.values() if column.name != '_loaded_at' -%}
            {%- do columns[source.name].append({'name': column.name, 'data_type': column.data_type}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
