{#-
    The coefficients of each model version as one row, from the CTE `coefficients`: intercept_0, and for each
    feature coefficient_0_<feature>, mean_0_<feature>, scale_0_<feature>, where 0 counts the intervals. They
    are gathered in arrays first: some hundred aggregates would take longer than all the scoring.
-#}
{% macro pivot_coefficients() -%}
    {%- set features = ['intercept'] + churn_features().keys() | list -%}
    {%- set parts = ['coefficient', 'mean', 'scale'] -%}
    select
        model_version
        {%- for start, end in churn_intervals() %}
        {%- set interval = loop.index0 %}
        {%- for feature in features %}
        {%- set place = interval * features | length + loop.index %}
        {%- for part in parts if feature != 'intercept' or part == 'coefficient' %},
        {{ part }}_values[{{ place }}] as {{ 'intercept' if feature == 'intercept' else part }}_{{ interval }}
        {{- '_' ~ feature if feature != 'intercept' }}
        {%- endfor %}
        {%- endfor %}
        {%- endfor %}
    from (
        select
            versions.model_version
            {%- for part in parts %},
            array_agg(
                coalesce(coefficients.{{ adapter.quote(part) }}, {{ 1 if part == 'scale' else 0 }})
                order by places.place
            ) as {{ part }}_values
            {%- endfor %}
        from (select distinct model_version from coefficients) as versions
        cross join (
            {%- for start, end in churn_intervals() %}
            {%- set interval = loop.index0 %}
            {%- set is_last_interval = loop.last %}
            {%- for feature in features %}
            select
                {{ start }} as interval_start,
                '{{ feature }}' as feature,
                {{ interval * features | length + loop.index }} as place
            {{ 'union all' if not (is_last_interval and loop.last) }}
            {%- endfor %}
            {%- endfor %}
        ) as places
        left join coefficients
            on
                versions.model_version = coefficients.model_version
                and places.interval_start = coefficients.interval_start
                and places.feature = coefficients.feature
        group by versions.model_version
    ) as gathered
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
