{% macro is_not_in_enum(column, enum) -%}
    {{ column }} not in ({{ enum_values(enum) }})
{%- endmacro %}
