{#-
    A double as a whole number of 10^-digits, rounded half up. Sums of whole numbers are exact and do
    not depend on the order of rows; the arithmetic is IEEE and so the same on every engine, which a
    cast to decimal is not.
-#}
{% macro to_fixed_point(column, digits) -%}
    cast(floor({{ column }} * 1e{{ digits }} + 0.5) as bigint)
{%- endmacro %}

{#- The mean of `count` fixed-point numbers that sum to `sum`; null if there is none. -#}
{% macro mean_of_fixed_point(sum, count, digits) -%}
    cast({{ sum }} as {{ type_double() }})
    / (nullif(cast({{ count }} as {{ type_double() }}), 0) * 1e{{ digits }})
{%- endmacro %}
