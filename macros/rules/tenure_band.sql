{% macro tenure_band(days) -%}
    case
        {%- for name, first_day in (var('tenure_bands').items() | list) | reverse %}
        when {{ days }} >= {{ first_day }} then {{ dbt.string_literal(name) }}
        {%- endfor %}
    end
{%- endmacro %}
