-- One row per accepted tutor.

with

judged as (
    select * from {{ ref('stg_tutormax__tutors') }}
),

accepted as (
    select
        tutor_id,
        name,
        email,
        onboarding_date,
        status,
        subjects,
        education_level,
        location,
        baseline_sessions_per_week,
        behavioral_archetype,
        created_at,
        updated_at
    from judged
    where is_accepted and {{ is_recomputed() }}
)

select * from accepted
