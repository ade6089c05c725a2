{% macro is_unit_test() -%}
    {{ return(model.resource_type == 'unit_test') }}
{%- endmacro %}
