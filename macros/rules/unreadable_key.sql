{% macro unreadable_key(keys) -%}
    case source_table
        {%- for table, key in keys.items() %}
        when {{ dbt.string_literal(table) }} then {{ json_text(text_as_json('record'), key) }}
        {%- endfor %}
    end
{%- endmacro %}
