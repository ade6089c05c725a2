{% macro churn_intervals() -%}
    {{ return([[0, 1], [1, 7], [7, 30], [30, 90]]) }}
{%- endmacro %}

{% macro churn_day_for(prediction_day, churn_day) -%}
    case when {{ churn_day }} < {{ prediction_day }} then {{ prediction_day }} else {{ churn_day }} end
{%- endmacro %}

{% macro is_churn_known(prediction_day, horizon, churn_known_before) -%}
    {{ add_days(prediction_day, horizon) }} <= {{ churn_known_before }}
{%- endmacro %}

{% macro judge_predictions() -%}
    {%- for start, horizon in churn_intervals() %}
    select
        model_version,
        {{ horizon }} as horizon_days,
        prediction_day,
        window_{{ horizon }}day_probability as probability,
        case when churn_day < {{ add_days('prediction_day', horizon) }} then 1 else 0 end as has_churned,
        -- The last session was 7 days after the prediction date.
        case when churn_day = {{ add_days('prediction_day', 8) }} then 1 else 0 end as is_a_week_before,
        is_flagged,
        baseline_days,
        has_recent_session
    from compared
    where {{ is_churn_known('prediction_day', horizon, 'churn_known_before') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
