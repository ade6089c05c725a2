{#- The band of the var tenure_bands that a number of days since onboarding falls into. -#}
{% macro tenure_band(days) -%}
    case
        {%- for name, first_day in (var('tenure_bands').items() | list) | reverse %}
        when {{ days }} >= {{ first_day }} then {{ dbt.string_literal(name) }}
        {%- endfor %}
    end
{%- endmacro %}
