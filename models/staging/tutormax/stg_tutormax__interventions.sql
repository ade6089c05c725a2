-- One row per row of raw.interventions: typed, with the rules it breaks and whether it is accepted.
{% set rules = {
    'intervention_id_missing': is_blank('intervention_id'),
    'intervention_id_too_long': is_too_long('intervention_id', 50),
    'tutor_id_missing': is_blank('tutor_id'),
    'tutor_not_accepted': 'tutor_id is not null and accepted_tutor_id is null',
    'intervention_type_missing': is_blank('intervention_type'),
    'intervention_type_not_in_enum': is_not_in_enum('intervention_type', 'intervention_type'),
    'recommended_date_missing': 'recommended_date is null',
    'assigned_to_too_long': is_too_long('assigned_to', 50),
    'status_missing': is_blank('status'),
    'status_not_in_enum': is_not_in_enum('status', 'intervention_status'),
    'due_date_before_recommended': 'due_date < recommended_date',
    'completed_date_missing': "status = 'completed' and completed_date is null",
    'completed_date_before_recommended': 'completed_date < recommended_date',
    'outcome_not_in_enum': is_not_in_enum('outcome', 'intervention_outcome')
} %}

with

keys_to_validate as (
    {{ keys_to_validate(
        'interventions',
        'intervention_id',
        parents={'tutor_id': ref('stg_tutormax__tutors')}
    ) }}
),

source as (
    select *
    from {{ raw_rows('interventions') }}
    where {{ is_row_to_validate('interventions', 'intervention_id') }}
),

tutors as (
    select tutor_id
    from {{ ref('stg_tutormax__tutors') }}
    where is_accepted
),

renamed as (
    select
        -- ids
        coalesce(intervention_id, '') as record_key,
        intervention_id,
        tutor_id,

        -- text
        intervention_type,
        trigger_reason,
        assigned_to,
        status,
        outcome,
        notes,

        -- timestamps
        recommended_date,
        due_date,
        completed_date,
        created_at,
        updated_at,

        -- arrival
        _loaded_at as loaded_at
    from source
),

related as (
    select
        renamed.*,
        tutors.tutor_id as accepted_tutor_id
    from renamed
    left join tutors on renamed.tutor_id = tutors.tutor_id
),

judged as (
    select
        *,
        {{ violated_rules(rules, people=['tutor_id']) }} as rule_violations
    from related
),

{{ resolve_versions('judged', table='interventions', key='intervention_id', updated='updated_at') }},

final as (
    select
        -- ids
        record_key,
        duplicate_number,
        intervention_id,
        tutor_id,

        -- text
        intervention_type,
        trigger_reason,
        assigned_to,
        status,
        outcome,
        notes,

        -- timestamps
        recommended_date,
        due_date,
        completed_date,
        created_at,
        updated_at,

        -- arrival
        loaded_at,

        -- verdict
        {{ rejection_reasons(none) }} as reasons,
        coalesce(verdict = 'accepted', false) as is_accepted,
        {{ this_build() }} as changed_in_build
    from settled
)

select * from final
