-- tutor_performance_metrics by hand, for DuckDB: all tutors, dates and windows in one statement, from the
-- published tables. No increments, no keys, no tests, no record; made anew each time.
create or replace table metrics_by_hand as

with

clock as (
    select
        cast(min(moment) as date) + 1 as first_date,
        cast(max(moment) as date) + 1 as last_date
    from (
        select actual_start as moment from tutormax.sessions
        union all
        select submitted_at from tutormax.student_feedback
        union all
        select event_timestamp from tutormax.tutor_events
    )
),

session_days as (
    select
        tutor_id,
        cast(scheduled_start as date) as day,
        count(*) as sessions,
        count(*) filter (where not no_show and actual_start is not null) as completed,
        count(*) filter (where no_show) as no_shows,
        count(*) filter (where tutor_initiated_reschedule) as reschedules,
        count(*) filter (where coalesce(late_start_minutes, 0) <= 10) as on_time,
        sum(cast(engagement_score as decimal(38, 12))) as engagement,
        count(engagement_score) as engagements,
        count(*) filter (where learning_objectives_met) as met,
        count(learning_objectives_met) as known
    from tutormax.sessions
    group by all
),

rating_days as (
    select
        sessions.tutor_id,
        cast(sessions.scheduled_start as date) as day,
        cast(student_feedback.submitted_at as date) as submitted,
        count(*) as ratings,
        sum(overall_rating) as rating,
        count(*) filter (where session_number = 1) as first_ratings,
        count(*) filter (where session_number = 1 and overall_rating >= 4) as first_successes
    from tutormax.student_feedback
    inner join tutormax.sessions using (session_id)
    group by all
),

event_days as (
    select
        tutor_id,
        cast(event_timestamp as date) as day,
        count(*) filter (where event_type = 'login') as logins,
        sum(minutes) as minutes,
        count(minutes) as responses
    from (
        select
            *,
            case
                when
                    event_type = 'message_response'
                    and json_type(metadata, '$.response_time_minutes') in ('UBIGINT', 'DOUBLE')
                    then cast(metadata ->> '$.response_time_minutes' as decimal(38, 6))
            end as minutes
        from tutormax.tutor_events
    )
    group by all
),

activity as (
    select tutor_id, day from session_days
    union
    select tutor_id, day from event_days
    union
    select tutor_id, cast(onboarding_date as date) from tutormax.tutors
),

dates as (
    select cast(unnest(generate_series(first_date, last_date, interval 1 day)) as date) as date
    from clock
),

grid as (
    select
        tutors.tutor_id,
        dates.date,
        windows."window",
        dates.date - windows.days as since
    from tutormax.tutors
    inner join dates on cast(tutors.onboarding_date as date) < dates.date
    cross join (values ('7day', 7), ('30day', 30), ('90day', 90)) as windows ("window", days)
    where exists (
        select 1
        from activity
        where
            activity.tutor_id = tutors.tutor_id
            and activity.day >= dates.date - 90
            and activity.day < dates.date
    )
),

of_sessions as (
    select
        grid.*,
        sum(sessions) as sessions,
        sum(completed) as completed,
        sum(no_shows) as no_shows,
        sum(reschedules) as reschedules,
        sum(on_time) as on_time,
        sum(engagement) as engagement,
        sum(engagements) as engagements,
        sum(met) as met,
        sum(known) as known
    from grid
    left join session_days
        on
            grid.tutor_id = session_days.tutor_id
            and session_days.day >= grid.since
            and session_days.day < grid.date
    group by all
),

of_ratings as (
    select
        grid.*,
        sum(ratings) as ratings,
        sum(rating) as rating,
        sum(first_ratings) as first_ratings,
        sum(first_successes) as first_successes
    from grid
    inner join rating_days
        on
            grid.tutor_id = rating_days.tutor_id
            and rating_days.day >= grid.since
            and rating_days.day < grid.date
            and rating_days.submitted < grid.date
    group by all
),

of_events as (
    select
        grid.*,
        sum(logins) as logins,
        sum(minutes) as minutes,
        sum(responses) as responses
    from grid
    inner join event_days
        on
            grid.tutor_id = event_days.tutor_id
            and event_days.day >= grid.since
            and event_days.day < grid.date
    group by all
),

metrics as (
    select
        tutor_id,
        date,
        "window",
        sessions,
        coalesce(completed, 0) as sessions_completed,
        rating / ratings as avg_rating,
        first_successes / nullif(first_ratings, 0) as first_session_success_rate,
        reschedules / sessions as reschedule_rate,
        coalesce(no_shows, 0) as no_show_count,
        no_shows / sessions as no_show_rate,
        (
            2 * least(1, coalesce(logins, 0) / sessions)
            + 2 * coalesce(cast(engagement as double) / nullif(engagements, 0), 0.5)
            + on_time / sessions
        ) / 5 as engagement_score,
        100 * met / nullif(known, 0) as learning_objectives_met_pct,
        cast(minutes as double) / nullif(responses, 0) as response_time_avg_minutes
    from of_sessions
    left join of_ratings using (tutor_id, date, "window")
    left join of_events using (tutor_id, date, "window")
),

-- A comparison with null is null, and counts as neither.
graded as (
    select
        *,
        coalesce(cast(avg_rating >= 4.5 as int), 0)
        + coalesce(cast(first_session_success_rate >= 0.85 as int), 0)
        + coalesce(cast(reschedule_rate <= 0.10 as int), 0)
        + coalesce(cast(no_show_rate <= 0 as int), 0)
        + coalesce(cast(engagement_score >= 0.80 as int), 0)
        + coalesce(cast(learning_objectives_met_pct >= 90 as int), 0) as green,
        coalesce(cast(avg_rating < 3.5 as int), 0)
        + coalesce(cast(first_session_success_rate < 0.70 as int), 0)
        + coalesce(cast(reschedule_rate > 0.15 as int), 0)
        + coalesce(cast(no_show_rate > 0.05 as int), 0)
        + coalesce(cast(engagement_score < 0.60 as int), 0)
        + coalesce(cast(learning_objectives_met_pct < 80 as int), 0) as red
    from metrics
)

select
    tutor_id,
    cast(date as timestamptz) as calculation_date,
    "window",
    sessions_completed,
    avg_rating,
    first_session_success_rate,
    reschedule_rate,
    no_show_count,
    engagement_score,
    learning_objectives_met_pct,
    response_time_avg_minutes,
    case
        when sessions is null then null
        when green >= 5 and red = 0 then 'Exemplary'
        when red >= 3 then 'At Risk'
        when red >= 1 then 'Needs Attention'
        when green >= 3 then 'Strong'
        else 'Developing'
    end as performance_tier
from graded;
