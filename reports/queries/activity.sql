-- One row per period of 30 days before the last calculation date: 0 is the latest, 1 the one before it.
with

sessions as (
    select
        session_id,
        no_show,
        actual_start,
        case when scheduled_start >= cast({{ as_of }} - 30 as timestamp with time zone) then 0 else 1 end as period
    from {{ published }}.sessions
    where
        scheduled_start >= cast({{ as_of }} - 60 as timestamp with time zone)
        and scheduled_start < cast({{ as_of }} as timestamp with time zone)
),

feedback as (
    select
        session_id,
        overall_rating
    from {{ published }}.student_feedback
    where submitted_at < cast({{ as_of }} as timestamp with time zone)
)

select
    sessions.period,
    count(*) as sessions,
    count(*) filter (where not sessions.no_show and sessions.actual_start is not null) as completed,
    count(*) filter (where sessions.no_show) as no_shows,
    count(feedback.overall_rating) as ratings,
    coalesce(sum(feedback.overall_rating), 0) as rating_sum
from sessions
left join feedback on sessions.session_id = feedback.session_id
group by sessions.period
order by sessions.period
