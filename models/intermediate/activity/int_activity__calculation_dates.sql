-- One row: the first and the last calculation date of this build, and until when churn is known.

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

final as (
    select
        *,
        {{ add_days('as_of_date', 1 - var('churn_inactivity_days')) }} as churn_known_before
    from calculated
)

select * from final
