{#-
    Feedback submitted after the day of its session, without ids, as a CTE `late_feedback` from the CTEs
    `sessions` and `student_feedback`. Most is submitted on the day itself and is never pending. The model
    and what is kept of rows that leave raw (see retain_sums) share it.
-#}
{% macro late_feedback() -%}
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

late_feedback as (
    select *
    from feedback_dated
    where submitted_day > session_day
)
{%- endmacro %}
