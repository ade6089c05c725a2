-- One row per row of raw.tutor_events: typed, with the rules it breaks and whether it is accepted.
{% set rules = {
    'event_id_missing': is_blank('event_id'),
    'event_id_too_long': is_too_long('event_id', 50),
    'tutor_id_missing': is_blank('tutor_id'),
    'tutor_not_accepted': 'tutor_id is not null and accepted_tutor_id is null',
    'event_type_missing': is_blank('event_type'),
    'event_type_too_long': is_too_long('event_type', 100),
    'event_timestamp_missing': 'event_timestamp is null',
    'metadata_not_an_object': 'not ' ~ json_is_object('metadata')
} %}

with

keys_to_validate as (
    {{ keys_to_validate(
        'tutor_events',
        'event_id',
        parents={'tutor_id': ref('stg_tutormax__tutors')}
    ) }}
),

source as (
    select *
    from {{ raw_rows('tutor_events') }}
    where {{ is_row_to_validate('tutor_events', 'event_id') }}
),

tutors as (
    select tutor_id
    from {{ ref('stg_tutormax__tutors') }}
    where is_accepted
),

renamed as (
    select
        -- ids
        coalesce(event_id, '') as record_key,
        event_id,
        tutor_id,

        -- text
        event_type,
        metadata,

        -- timestamps
        event_timestamp,
        created_at,

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

{{ resolve_versions('judged', table='tutor_events', key='event_id') }},

final as (
    select
        -- ids
        record_key,
        duplicate_number,
        event_id,
        tutor_id,

        -- text
        event_type,
        metadata,

        -- timestamps
        event_timestamp,
        created_at,

        -- arrival
        loaded_at,
        {{ is_dated_ahead('event_timestamp', 'loaded_at') }} as is_dated_ahead,

        -- verdict
        {{ rejection_reasons(none) }} as reasons,
        coalesce(verdict = 'accepted', false) as is_accepted,
        {{ this_build() }} as changed_in_build
    from settled
)

select * from final
