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
    select *
    from feedback_dated
    where submitted_day > session_day
)
{%- endmacro %}
