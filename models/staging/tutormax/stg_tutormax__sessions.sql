-- One row per row of raw.sessions: typed, with the rules it breaks and whether it is accepted.
{% set rules = {
    'session_id_missing': is_blank('session_id'),
    'session_id_too_long': is_too_long('session_id', 50),
    'tutor_id_missing': is_blank('tutor_id'),
    'tutor_not_accepted': 'tutor_id is not null and accepted_tutor_id is null',
    'student_id_missing': is_blank('student_id'),
    'student_not_accepted': 'student_id is not null and accepted_student_id is null',
    'session_number_missing': 'session_number is null',
    'session_number_out_of_range': 'session_number < 1',
    'scheduled_start_missing': 'scheduled_start is null',
    'scheduled_start_too_early': "scheduled_start < " ~ utc_midnight("date '2000-01-01'"),
    'duration_minutes_missing': 'duration_minutes is null and no_show is not true',
    'duration_minutes_out_of_range': is_outside('duration_minutes', 0, 1440),
    'subject_missing': is_blank('subject'),
    'subject_too_long': is_too_long('subject', 100),
    'session_type_missing': is_blank('session_type'),
    'session_type_not_in_enum': is_not_in_enum('session_type', 'session_type'),
    'no_show_missing': 'no_show is null',
    'no_show_has_actual_start': 'no_show and actual_start is not null',
    'late_start_minutes_out_of_range': 'late_start_minutes < 0',
    'engagement_score_out_of_range': is_outside('engagement_score', 0, 1)
} %}

with

keys_to_validate as (
    {{ keys_to_validate(
        'sessions',
        'session_id',
        parents={
            'tutor_id': ref('stg_tutormax__tutors'),
            'student_id': ref('stg_tutormax__students')
        }
    ) }}
),

source as (
    select *
    from {{ raw_rows('sessions') }}
    where {{ is_row_to_validate('sessions', 'session_id') }}
),

tutors as (
    select tutor_id
    from {{ ref('stg_tutormax__tutors') }}
    where is_accepted
),

students as (
    select student_id
    from {{ ref('stg_tutormax__students') }}
    where is_accepted
),

renamed as (
    select
        -- ids
        coalesce(session_id, '') as record_key,
        session_id,
        tutor_id,
        student_id,

        -- text
        subject,
        session_type,

        -- numbers
        session_number,
        duration_minutes,
        late_start_minutes,
        engagement_score,

        -- booleans
        tutor_initiated_reschedule,
        no_show,
        learning_objectives_met,
        technical_issues,

        -- timestamps
        scheduled_start,
        actual_start,
        created_at,
        updated_at,

        -- arrival
        _loaded_at as loaded_at
    from source
),

related as (
    select
        renamed.*,
        tutors.tutor_id as accepted_tutor_id,
        students.student_id as accepted_student_id
    from renamed
    left join tutors on renamed.tutor_id = tutors.tutor_id
    left join students on renamed.student_id = students.student_id
),

judged as (
    select
        *,
        {{ violated_rules(rules, people=['tutor_id', 'student_id']) }} as rule_violations
    from related
),

{{ resolve_versions('judged', table='sessions', key='session_id', updated='updated_at') }},

final as (
    select
        -- ids
        record_key,
        duplicate_number,
        session_id,
        tutor_id,
        student_id,

        -- text
        subject,
        session_type,

        -- numbers
        session_number,
        duration_minutes,
        late_start_minutes,
        engagement_score,

        -- booleans
        tutor_initiated_reschedule,
        no_show,
        learning_objectives_met,
        technical_issues,

        -- timestamps
        scheduled_start,
        actual_start,
        created_at,
        updated_at,

        -- arrival and verdict
        loaded_at,
        {{ is_dated_ahead('actual_start', 'loaded_at') }} as is_dated_ahead,
        {{ rejection_reasons(none) }} as reasons,
        coalesce(verdict = 'accepted', false) as is_accepted,
        {{ this_build() }} as changed_in_build
    from settled
)

select * from final
