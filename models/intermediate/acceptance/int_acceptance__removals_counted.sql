-- One row per source: how many rows its published table has, and how many of them this build would
-- remove. Published tables wait for it: the fuse stops a build before it changes any of them.

with

tutors as (
    {{ removals('tutors', 'tutor_id', ref('stg_tutormax__tutors')) }}
),

students as (
    {{ removals('students', 'student_id', ref('stg_tutormax__students')) }}
),

sessions as (
    {{ removals('sessions', 'session_id', ref('stg_tutormax__sessions')) }}
),

student_feedback as (
    {{ removals('student_feedback', 'feedback_id', ref('stg_tutormax__student_feedback')) }}
),

tutor_events as (
    {{ removals('tutor_events', 'event_id', ref('stg_tutormax__tutor_events')) }}
),

interventions as (
    {{ removals('interventions', 'intervention_id', ref('stg_tutormax__interventions')) }}
),

final as (
    select * from tutors
    union all
    select * from students
    union all
    select * from sessions
    union all
    select * from student_feedback
    union all
    select * from tutor_events
    union all
    select * from interventions
)

select * from final
