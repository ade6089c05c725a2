{#- The columns that the YAML declares for a raw table, [{name, data_type}], without the arrival. -#}
{% macro source_columns(table) -%}
    {%- set columns = [] -%}
    {%- for source in graph.get('sources', {}).values() if source.source_name == 'raw' and source.name == table -%}
        {%- for column in source.columns.values() if column.name != '_loaded_at' -%}
            {%- do columns.append({'name': column.name, 'data_type': column.data_type}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
