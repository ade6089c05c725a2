-- One row per accepted student.

with

judged as (
    select * from {{ ref('stg_tutormax__students') }}
),

accepted as (
    select
        student_id,
        name,
        age,
        grade_level,
        subjects_interested,
        created_at,
        updated_at
    from judged
    where is_accepted and {{ is_recomputed() }}
)

select * from accepted
