-- One row per intervention for a tutor: the version that counts.

-- depends_on: {{ ref('int_acceptance__removals_counted') }}

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
    where is_accepted and {{ is_recomputed_key('stg_tutormax__interventions') }}
)

select * from accepted
