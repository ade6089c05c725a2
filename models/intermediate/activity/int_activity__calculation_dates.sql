-- One row: the first and the last calculation date of this build, and how far silence is observed: only while
-- sessions arrive.

with

sessions as (
    select * from {{ ref('stg_tutormax__sessions') }}
    where is_accepted and not is_dated_ahead
),

student_feedback as (
    select * from {{ ref('stg_tutormax__student_feedback') }}
    where is_accepted and not is_dated_ahead
),

tutor_events as (
    select * from {{ ref('stg_tutormax__tutor_events') }}
    where is_accepted and not is_dated_ahead
),

retained as (
    select * from {{ source('archive', 'retained_clock') }}
),

completed_sessions as (
    select * from {{ ref('sessions') }}
    where not no_show and actual_start is not null
),

retained_days as (
    select * from {{ source('archive', 'retained_tutor_days') }}
    where sessions_completed > 0
),

open_days as (
    select * from {{ ref('int_activity__open_days') }}
),

activity as (
    select
        min(actual_start) as first_at,
        max(actual_start) as last_at
    from sessions
    union all
    select
        min(submitted_at) as first_at,
        max(submitted_at) as last_at
    from student_feedback
    union all
    select
        min(event_timestamp) as first_at,
        max(event_timestamp) as last_at
    from tutor_events
    union all
    select
        {{ utc_midnight('min(first_activity_day)') }} as first_at,
        {{ utc_midnight('max(last_activity_day)') }} as last_at
    from retained
),

-- Null without activity.
calculated as (
    select
        {{ add_days(utc_day('min(first_at)'), 1) }} as first_calculation_date,
        case
            when max(last_at) is not null
                then {{ last_calculation_date(add_days(utc_day('max(last_at)'), 1)) }}
        end as as_of_date
    from activity
),

-- The bound is a subquery, so that PostgreSQL looks the maximum up in an index.
last_sessions as (
    select {{ utc_day('max(scheduled_start)') }} as last_session_day
    from completed_sessions
    where scheduled_start < (select {{ utc_midnight('as_of_date') }} from calculated)
    union all
    select max(activity_day) as last_session_day
    from retained_days
    where activity_day < (select as_of_date from calculated)
),

known as (
    select {{ add_days('max(last_session_day)', 1) }} as sessions_known_before
    from last_sessions
),

-- The first day of which churn is not known, and the first date without predictions.
bounds as (
    select
        min(case
            when open_days.open_days_before > latest.open_days_before - {{ var('churn_inactivity_days') }}
                then open_days.calendar_day
        end) as churn_known_before,
        min(case
            when open_days.open_days_before >= latest.open_days_before + {{ var('churn_clock_open_days') }}
                then open_days.calendar_day
        end) as predictions_stop_on
    from known
    inner join open_days as latest on known.sessions_known_before = latest.calendar_day
    cross join open_days
),

final as (
    select
        calculated.first_calculation_date,
        calculated.as_of_date,
        known.sessions_known_before,
        bounds.churn_known_before,
        {{ var('churn_inactivity_days') }} as churn_inactivity_days,
        {{ var('recent_session_days') }} as recent_session_days,
        case
            when coalesce(bounds.predictions_stop_on, calculated.first_calculation_date) <= calculated.as_of_date
                then coalesce(bounds.predictions_stop_on, calculated.first_calculation_date)
        end as predictions_stop_on
    from calculated
    cross join known
    cross join bounds
)

select * from final
