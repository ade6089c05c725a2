{% macro pivot_coefficients() -%}
    {%- set features = ['intercept'] + churn_features().keys() | list -%}
    select
        model_version
        {%- for start, end in churn_intervals() %}
        {%- set interval = loop.index0 %}
        {%- for feature in features %}
        {%- set place = interval * features | length + loop.index %},
        {{ array_element('slopes', place) }} as {{ 'intercept' if loop.first else 'slope' }}_{{ interval }}
        {{- '_' ~ feature if not loop.first }}
        {%- endfor %}
        {%- endfor %}
        {%- for feature in churn_features() %},
        {{ array_element('means', loop.index + 1) }} as mean_{{ feature }}
        {%- endfor %}
    from (
        select
            model_version,
            {{ ordered_array('slope', 'place') }} as slopes,
            {{ ordered_array('feature_mean', 'place') }} as means
        from (
            select
                versions.model_version,
                places.place,
                coalesce(coefficients.coefficient / coefficients.scale, 0) as slope,
                coalesce(
                    max(coefficients.mean) over (partition by versions.model_version, places.feature), 0
                ) as feature_mean
            from (select distinct model_version from coefficients) as versions
            cross join (
                values
                {%- for start, end in churn_intervals() %}
                {%- set interval = loop.index0 %}
                {%- set is_last_interval = loop.last %}
                {%- for feature in features %}
                ({{ start }}, '{{ feature }}', {{ interval * features | length + loop.index }})
                {{- ',' if not (is_last_interval and loop.last) }}
                {%- endfor %}
                {%- endfor %}
            ) as places (interval_start, feature, place)
            left join coefficients
                on
                    versions.model_version = coefficients.model_version
                    and places.interval_start = coefficients.interval_start
                    and places.feature = coefficients.feature
        ) as placed
        group by model_version
    ) as gathered
{%- endmacro %}

{% macro group_log_odds(interval, group) -%}
    {%- for feature, factor_group in churn_features().items() if factor_group == group %}
        {{ '+ ' if not loop.first -}}
        weights.slope_{{ interval }}_{{ feature }} * centred.{{ feature }}
    {%- endfor -%}
{%- endmacro %}

{% macro log_odds(interval) -%}
    intercept_{{ interval }}
    {%- for group in churn_factor_groups() %} + {{ group }}_{{ interval }}{% endfor %}
{%- endmacro %}

{% macro logistic(log_odds) -%}
    1 / (1 + exp(-least(greatest({{ log_odds }}, -40), 40)))
{%- endmacro %}
