{% macro feedback_after_session_day() -%}
feedback_dated as (
    select
        sessions.tutor_id,
        {{ utc_day('sessions.scheduled_start') }} as session_day,
        {{ utc_day('student_feedback.submitted_at') }} as submitted_day,
        student_feedback.overall_rating,
        case
            when sessions.session_number = 1 then student_feedback.overall_rating
        end as first_session_rating
    from student_feedback
    inner join sessions on student_feedback.session_id = sessions.session_id
),

feedback_after_session_day as (
    select
        tutor_id,
        session_day,
        submitted_day,
        count(*) as ratings,
        sum(overall_rating) as rating_sum,
        count(first_session_rating) as first_ratings,
        count(*) filter (
            where first_session_rating >= {{ var('first_session_success_rating') }}
        ) as first_successes
    from feedback_dated
    where submitted_day > session_day
    group by tutor_id, session_day, submitted_day
)
{%- endmacro %}
