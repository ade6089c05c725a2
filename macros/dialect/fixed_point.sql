{% macro to_fixed_point(column, digits) -%}
    cast(floor({{ column }} * 1e{{ digits }} + 0.5) as bigint)
{%- endmacro %}

{% macro mean_of_fixed_point(sum, count, digits) -%}
    cast({{ sum }} as {{ type_double() }})
    / (nullif(cast({{ count }} as {{ type_double() }}), 0) * 1e{{ digits }})
{%- endmacro %}
