-- What: on the last calculation date, completed sessions and no-shows of every window equal a plain count of published
-- sessions and of those retained, and no tutor with sessions in the longest window is missing.
-- When it fails: windows and sessions were not built together, or a window's frame is wrong.
-- What to do: dbt build --full-refresh; if it still fails, check int_activity__tutor_rolling_windows.
-- noqa: disable=LT02
with

metrics as (
    select * from {{ ref('tutor_performance_metrics') }}
),

last_date as (
    select max(calculation_date) as calculation_date
    from metrics
),

windows as (
    {% for window, days in var('metric_windows').items() -%}
        select
            '{{ window }}' as metric_window,
            {{ days }} as window_days
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

sessions as (
    select
        published.tutor_id,
        published.scheduled_start,
        case when not published.no_show and published.actual_start is not null then 1 else 0 end as sessions_completed,
        case when published.no_show then 1 else 0 end as no_shows
    from {{ ref('sessions') }} as published
    where {{ is_not_retained('published.session_id') }}
    union all
    select
        tutor_id,
        {{ utc_midnight('activity_day') }} as scheduled_start,
        sessions_completed,
        no_shows
    from {{ source('archive', 'retained_tutor_days') }}
    where sessions > 0
),

counted as (
    select
        sessions.tutor_id,
        windows.metric_window,
        sum(sessions.sessions_completed) as sessions_completed,
        sum(sessions.no_shows) as no_show_count
    from sessions
    cross join last_date
    inner join windows
        on
            sessions.scheduled_start < last_date.calculation_date
            and sessions.scheduled_start
            >= last_date.calculation_date - windows.window_days * interval '24 hours'
    inner join {{ ref('tutors') }} as tutors
        on
            sessions.tutor_id = tutors.tutor_id
            and last_date.calculation_date > tutors.onboarding_date
    group by sessions.tutor_id, windows.metric_window
)

select
    counted.*,
    metrics.sessions_completed as metric_sessions_completed,
    metrics.no_show_count as metric_no_show_count
from counted
cross join last_date
left join metrics
    on
        counted.tutor_id = metrics.tutor_id
        and counted.metric_window = metrics.{{ adapter.quote('window') }}
        and last_date.calculation_date = metrics.calculation_date
where
    counted.sessions_completed is distinct from metrics.sessions_completed
    or counted.no_show_count is distinct from metrics.no_show_count
