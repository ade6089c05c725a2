-- One row per accepted tutoring session.

with

judged as (
    select * from {{ ref('stg_tutormax__sessions') }}
),

accepted as (
    select
        session_id,
        tutor_id,
        student_id,
        session_number,
        scheduled_start,
        actual_start,
        duration_minutes,
        subject,
        session_type,
        tutor_initiated_reschedule,
        no_show,
        late_start_minutes,
        engagement_score,
        learning_objectives_met,
        technical_issues,
        created_at,
        updated_at
    from judged
    where is_accepted and {{ is_recomputed() }}
)

select * from accepted
