-- One row per session scheduled before the last calculation date, with feedback submitted by then.

with

sessions as (
    select
        *,
        {{ utc_day('scheduled_start') }} as session_day
    from {{ ref('sessions') }}
),

student_feedback as (
    select * from {{ ref('student_feedback') }}
),

clock as (
    select max(calculation_date) as seen_until
    from {{ ref('tutor_performance_metrics') }}
),

rated as (
    select
        sessions.*,
        student_feedback.overall_rating
    from sessions
    inner join clock on sessions.scheduled_start < clock.seen_until
    left join student_feedback
        on
            sessions.session_id = student_feedback.session_id
            and clock.seen_until > student_feedback.submitted_at
),

final as (
    select
        session_id,
        tutor_id,
        {{ tutor_day_id('tutor_id', 'session_day') }} as tutor_day_id,
        session_day,
        subject,
        session_type,
        case when not no_show and actual_start is not null then 1 else 0 end as sessions_completed,
        case when no_show then 1 else 0 end as no_shows,
        case when tutor_initiated_reschedule then 1 else 0 end as reschedules,
        overall_rating as rating,
        case when session_number = 1 and overall_rating is not null then 1 else 0 end as first_ratings,
        case
            when session_number = 1 and overall_rating >= {{ var('first_session_success_rating') }} then 1
            else 0
        end as first_successes
    from rated
)

select * from final
