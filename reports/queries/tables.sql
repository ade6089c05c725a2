-- One row per source: rows published, rows rejected, and the latest instant that stands in it.
with

accepted as (
    select 'tutors' as source_table, count(*) as accepted, max(updated_at) as latest
    from {{ published }}.tutors
    union all
    select 'students' as source_table, count(*) as accepted, max(updated_at) as latest
    from {{ published }}.students
    union all
    select 'sessions' as source_table, count(*) as accepted, max(actual_start) as latest
    from {{ published }}.sessions
    union all
    select 'student_feedback' as source_table, count(*) as accepted, max(submitted_at) as latest
    from {{ published }}.student_feedback
    union all
    select 'tutor_events' as source_table, count(*) as accepted, max(event_timestamp) as latest
    from {{ published }}.tutor_events
    union all
    select 'interventions' as source_table, count(*) as accepted, max(updated_at) as latest
    from {{ published }}.interventions
),

rejected as (
    select
        source_table,
        count(*) as rejected,
        max(loaded_at) as last_loaded
    from {{ published }}.rejected_records
    group by source_table
)

select
    accepted.source_table,
    accepted.accepted,
    coalesce(rejected.rejected, 0) as rejected,
    accepted.latest,
    rejected.last_loaded
from accepted
left join rejected on accepted.source_table = rejected.source_table
