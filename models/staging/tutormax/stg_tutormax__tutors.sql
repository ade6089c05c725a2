-- One row per row of raw.tutors: typed, with the rules it breaks and whether it is accepted.
{% set rules = {
    'tutor_id_missing': is_blank('tutor_id'),
    'tutor_id_too_long': is_too_long('tutor_id', 50),
    'name_missing': is_blank('name'),
    'name_too_long': is_too_long('name', 200),
    'email_missing': is_blank('email'),
    'email_too_long': is_too_long('email', 255),
    'email_malformed': is_malformed_email('email'),
    'onboarding_date_missing': 'onboarding_date is null',
    'status_missing': is_blank('status'),
    'status_not_in_enum': is_not_in_enum('status', 'tutor_status'),
    'education_level_too_long': is_too_long('education_level', 100),
    'location_too_long': is_too_long('location', 200),
    'baseline_sessions_per_week_out_of_range': is_outside('baseline_sessions_per_week', 0, 168),
    'behavioral_archetype_not_in_enum': is_not_in_enum('behavioral_archetype', 'behavioral_archetype')
} %}

with

source as (
    select * from {{ raw_rows('tutors') }}
),

renamed as (
    select
        -- ids
        coalesce(tutor_id, '') as record_key,
        tutor_id,

        -- text
        name,
        email,
        status,
        subjects,
        education_level,
        location,
        behavioral_archetype,

        -- numbers
        baseline_sessions_per_week,

        -- timestamps
        onboarding_date,
        created_at,
        updated_at,

        -- arrival
        _loaded_at as loaded_at
    from source
),

judged as (
    select
        *,
        {{ violated_rules(rules, people=['tutor_id', 'email']) }} as rule_violations
    from renamed
),

{{ resolve_versions('judged', table='tutors', key='tutor_id', updated='updated_at', claim=lower_ascii('email')) }},

final as (
    select
        -- ids
        record_key,
        duplicate_number,
        tutor_id,

        -- text
        name,
        email,
        status,
        subjects,
        education_level,
        location,
        behavioral_archetype,

        -- numbers
        baseline_sessions_per_week,

        -- timestamps
        onboarding_date,
        created_at,
        updated_at,

        -- arrival
        loaded_at,

        -- verdict
        {{ rejection_reasons('email_taken') }} as reasons,
        coalesce(verdict = 'accepted', false) as is_accepted,
        {{ this_build() }} as changed_in_build
    from settled
)

select * from final
