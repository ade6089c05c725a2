-- One row per accepted intervention for a tutor.

with

judged as (
    select * from {{ ref('stg_tutormax__interventions') }}
),

accepted as (
    select
        intervention_id,
        tutor_id,
        intervention_type,
        trigger_reason,
        recommended_date,
        assigned_to,
        status,
        due_date,
        completed_date,
        outcome,
        notes,
        created_at,
        updated_at
    from judged
    where is_accepted and {{ is_recomputed() }}
)

select * from accepted
