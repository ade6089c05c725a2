-- One row per row of raw.student_feedback: typed, with the rules it breaks and whether it is accepted.
{% set rules = {
    'feedback_id_missing': is_blank('feedback_id'),
    'feedback_id_too_long': is_too_long('feedback_id', 50),
    'session_id_missing': is_blank('session_id'),
    'session_not_accepted': 'session_id is not null and accepted_session_id is null',
    'student_id_missing': is_blank('student_id'),
    'student_mismatch': 'student_id <> session_student_id',
    'tutor_id_missing': is_blank('tutor_id'),
    'tutor_mismatch': 'tutor_id <> session_tutor_id',
    'overall_rating_missing': 'overall_rating is null',
    'overall_rating_out_of_range': is_outside('overall_rating', 1, 5),
    'subject_knowledge_rating_out_of_range': is_outside('subject_knowledge_rating', 1, 5),
    'communication_rating_out_of_range': is_outside('communication_rating', 1, 5),
    'patience_rating_out_of_range': is_outside('patience_rating', 1, 5),
    'engagement_rating_out_of_range': is_outside('engagement_rating', 1, 5),
    'helpfulness_rating_out_of_range': is_outside('helpfulness_rating', 1, 5),
    'submitted_at_missing': 'submitted_at is null',
    'submitted_before_session': 'submitted_at < session_scheduled_start'
} %}

with

keys_to_validate as (
    {{ keys_to_validate(
        'student_feedback',
        'feedback_id',
        related={'key': 'session_id', 'relation': ref('stg_tutormax__sessions')},
        claim='session_id'
    ) }}
),

source as (
    select *
    from {{ raw_rows('student_feedback') }}
    where {{ is_row_to_validate('student_feedback', 'feedback_id') }}
),

sessions as (
    select
        session_id,
        student_id,
        tutor_id,
        scheduled_start
    from {{ ref('stg_tutormax__sessions') }}
    where is_accepted and {{ is_named_in('session_id', 'source') }}
),

renamed as (
    select
        -- ids
        coalesce(feedback_id, '') as record_key,
        feedback_id,
        session_id,
        student_id,
        tutor_id,

        -- text
        improvement_areas,
        free_text_feedback,

        -- numbers
        overall_rating,
        subject_knowledge_rating,
        communication_rating,
        patience_rating,
        engagement_rating,
        helpfulness_rating,

        -- booleans
        is_first_session,
        would_recommend,

        -- timestamps
        submitted_at,
        created_at,

        -- arrival
        _loaded_at as loaded_at
    from source
),

related as (
    select
        renamed.*,
        sessions.session_id as accepted_session_id,
        sessions.student_id as session_student_id,
        sessions.tutor_id as session_tutor_id,
        sessions.scheduled_start as session_scheduled_start
    from renamed
    left join sessions on renamed.session_id = sessions.session_id
),

judged as (
    select
        *,
        {{ violated_rules(rules, people=['tutor_id', 'student_id']) }} as rule_violations
    from related
),

{{ resolve_versions('judged', table='student_feedback', key='feedback_id', claim='session_id') }},

final as (
    select
        -- ids
        record_key,
        duplicate_number,
        feedback_id,
        session_id,
        student_id,
        tutor_id,

        -- text
        improvement_areas,
        free_text_feedback,

        -- numbers
        overall_rating,
        subject_knowledge_rating,
        communication_rating,
        patience_rating,
        engagement_rating,
        helpfulness_rating,

        -- booleans
        is_first_session,
        would_recommend,

        -- timestamps
        submitted_at,
        created_at,

        -- arrival
        loaded_at,
        {{ is_dated_ahead('submitted_at', 'loaded_at') }} as is_dated_ahead,

        -- verdict
        {{ rejection_reasons('session_already_rated') }} as reasons,
        coalesce(verdict = 'accepted', false) as is_accepted,
        {{ this_build() }} as changed_in_build
    from settled
)

select * from final
