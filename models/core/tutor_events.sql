-- One row per accepted event of a tutor on the platform.

with

judged as (
    select * from {{ ref('stg_tutormax__tutor_events') }}
),

accepted as (
    select
        event_id,
        tutor_id,
        event_type,
        event_timestamp,
        metadata,
        created_at
    from judged
    where is_accepted and {{ is_recomputed() }}
)

select * from accepted
