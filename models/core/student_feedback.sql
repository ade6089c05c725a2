-- One row per accepted feedback of a student on a session.

with

judged as (
    select * from {{ ref('stg_tutormax__student_feedback') }}
),

accepted as (
    select
        feedback_id,
        session_id,
        student_id,
        tutor_id,
        overall_rating,
        is_first_session,
        subject_knowledge_rating,
        communication_rating,
        patience_rating,
        engagement_rating,
        helpfulness_rating,
        would_recommend,
        improvement_areas,
        free_text_feedback,
        submitted_at,
        created_at
    from judged
    where is_accepted and {{ is_recomputed() }}
)

select * from accepted
