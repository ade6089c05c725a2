-- One row per tutor with the status active, metric and window on the last calculation date: the values that
-- intervention rules use.
-- noqa: disable=LT02
{% set metrics = intervention_metrics() %}

with

clock as (
    select * from {{ ref('int_activity__calculation_dates') }}
),

open_days as (
    select * from {{ ref('int_activity__open_days') }}
),

tutors as (
    select *
    from {{ ref('tutors') }}
    where status = 'active'
),

performance as {{ evaluate_once() }} (
    select *
    from {{ ref('tutor_performance_metrics') }}
    where calculation_date = (select {{ utc_midnight('as_of_date') }} from clock)
),

windows as {{ evaluate_once() }} (
    select *
    from {{ ref('int_activity__tutor_rolling_windows') }}
    where calculation_day = (select as_of_date from clock)
),

-- None while the churn model is held back, so that no churn rule fires.
predictions as {{ evaluate_once() }} (
    select *
    from {{ ref('churn_predictions') }}
    where
        prediction_date = (select {{ utc_midnight('as_of_date') }} from clock)
        and not coalesce((select is_held_back from {{ ref('churn_model_status') }}), false)
),

measured as (
    select
        performance.*,
        windows.calculation_day,
        windows.metric_window,
        windows.sessions,
        {{ open_days_since('today', 'last_sessions') }} as silent_days,
        {{ days_from(utc_day('tutors.onboarding_date'), 'windows.calculation_day') }} as tenure_days,
        {{ safe_divide('performance.no_show_count', 'windows.sessions') }} as no_show_rate,
        {{ window_days('windows.metric_window') }} as window_days
    from performance
    inner join tutors on performance.tutor_id = tutors.tutor_id
    inner join windows
        on
            performance.tutor_id = windows.tutor_id
            and performance.{{ adapter.quote('window') }} = windows.metric_window
    inner join open_days as today on windows.calculation_day = today.calendar_day
    left join open_days as last_sessions on windows.last_session_day = last_sessions.calendar_day
),

-- A fall is rounded to nine decimals, so that floating point does not move it across a bound.
compared as (
    select
        *,
        {%- for metric in metrics.dropping %}
        {{ mean_of_fixed_point(
            to_fixed_point('((lead(' ~ metric ~ ') over longer_windows) - ' ~ metric ~ ')', 9), '1', 9
        ) }} as {{ metric }}_drop{{ ',' if not loop.last }}
        {%- endfor %}
    from measured
    window longer_windows as (partition by tutor_id order by window_days)
),

-- One row per tutor: metrics without a window.
described as (
    select
        compared.tutor_id,
        compared.calculation_day,
        compared.tenure_days,
        compared.silent_days,
        predictions.churn_score,
        predictions.risk_level
    from compared
    left join predictions on compared.tutor_id = predictions.tutor_id
    where compared.window_days = {{ longest_window() }}
),

metric_names as (
    {%- for metric in metrics.windowed %}
    select '{{ metric }}' as metric
    union all
    {%- endfor %}
    {%- for metric in metrics.dropping %}
    select '{{ metric }}_drop' as metric
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

unpivoted as (
    select
        compared.tutor_id,
        compared.calculation_day,
        metric_names.metric,
        compared.metric_window,
        case metric_names.metric
            {%- for metric in metrics.windowed if metric not in metrics.named %}
            when '{{ metric }}' then cast(compared.{{ metric }} as {{ type_double() }})
            {%- endfor %}
            {%- for metric in metrics.dropping %}
            when '{{ metric }}_drop' then compared.{{ metric }}_drop
            {%- endfor %}
        end as number_value,
        case metric_names.metric
            {%- for metric in metrics.windowed if metric in metrics.named %}
            when '{{ metric }}' then compared.{{ metric }}
            {%- endfor %}
        end as text_value
    from compared
    cross join metric_names
    {%- for metric in metrics.unwindowed %}
    union all
    select
        tutor_id,
        calculation_day,
        '{{ metric }}' as metric,
        'date' as metric_window,
        -- The number of a risk level is the churn score.
        cast({{ 'churn_score' if metric == 'risk_level' else metric }} as {{ type_double() }}) as number_value,
        {{ metric if metric in metrics.named else 'null' }} as text_value
    from described
    {%- endfor %}
),

final as (
    select
        tutor_id,
        calculation_day,
        cast(metric as varchar(50)) as metric,
        cast(metric_window as varchar(20)) as metric_window,
        number_value,
        cast(text_value as varchar(50)) as text_value
    from unpivoted
    where number_value is not null or text_value is not null
)

select * from final
