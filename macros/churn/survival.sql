{#- The chance of having stayed to the end of an interval, from `hazards`. -#}
{% macro survival(interval) -%}
    {%- for earlier in range(interval + 1) -%}
        (1 - hazard_{{ earlier }}){{ ' * ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#-
    What a factor group adds to the 30-day risk, from `survived`: its log-odds of the intervals up to 30 days, each
    weighed by the chance of churning in it; 0 if it lowers the risk.
-#}
{% macro thirty_day_rise(group) -%}
    greatest(
        hazard_0 * {{ group }}_0
        + (survival_0 - survival_1) * {{ group }}_1
        + (survival_1 - survival_2) * {{ group }}_2,
        0
    )
{%- endmacro %}
