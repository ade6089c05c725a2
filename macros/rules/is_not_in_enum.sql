{#- True for a text that is none of the enum's values; null is for another rule to judge. -#}
{% macro is_not_in_enum(column, enum) -%}
    {{ column }} not in ({{ enum_values(enum) }})
{%- endmacro %}
