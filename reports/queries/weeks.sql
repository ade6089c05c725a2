-- One row per whole week, Monday to Sunday in UTC, of the last half year: sessions by scheduled start.
with

sessions as (
    select
        session_id,
        no_show,
        cast(date_trunc('week', scheduled_start) as date) as week
    from {{ published }}.sessions
    where
        scheduled_start >= cast({{ as_of }} - 189 as timestamp with time zone)
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
    sessions.week,
    count(*) as sessions,
    count(*) filter (where sessions.no_show) as no_shows,
    count(feedback.overall_rating) as ratings,
    coalesce(sum(feedback.overall_rating), 0) as rating_sum
from sessions
left join feedback on sessions.session_id = feedback.session_id
where sessions.week >= {{ as_of }} - 182 and sessions.week <= {{ as_of }} - 7
group by sessions.week
order by sessions.week
