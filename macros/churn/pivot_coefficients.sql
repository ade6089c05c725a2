{#-
    The coefficients of each model version as one row of the CTE `coefficients`: intercept_0, and for each
    feature coefficient_0_<feature>, mean_0_<feature>, scale_0_<feature>, where 0 counts the intervals.
-#}
{% macro pivot_coefficients() -%}
    select
        model_version
        {%- for start, end in churn_intervals() %}
        {%- set interval = loop.index0 %},
        max(coefficient) filter (
            where interval_start = {{ start }} and feature = 'intercept'
        ) as intercept_{{ interval }}
        {%- for feature in churn_features() %}
        {%- for part in ['coefficient', 'mean', 'scale'] %},
        max({{ adapter.quote(part) }}) filter (
            where interval_start = {{ start }} and feature = '{{ feature }}'
        ) as {{ part }}_{{ interval }}_{{ feature }}
        {%- endfor %}
        {%- endfor %}
        {%- endfor %}
    from coefficients
    group by model_version
{%- endmacro %}

{#- What the features of a factor group add to the log-odds of an interval; what is unknown adds nothing. -#}
{% macro group_log_odds(interval, group) -%}
    {%- for feature, factor_group in churn_features().items() if factor_group == group %}
        {{ '+ ' if not loop.first -}}
        coalesce(
            coefficient_{{ interval }}_{{ feature }}
            * ({{ feature }} - mean_{{ interval }}_{{ feature }}) / scale_{{ interval }}_{{ feature }}, 0
        )
    {%- endfor -%}
{%- endmacro %}

{#- The logistic function. Beyond 40 it is 0 or 1 to all digits that matter, and exp would overflow. -#}
{% macro logistic(log_odds) -%}
    1 / (1 + exp(-least(greatest({{ log_odds }}, -40), 40)))
{%- endmacro %}
