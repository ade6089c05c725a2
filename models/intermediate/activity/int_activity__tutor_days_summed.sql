-- One row per tutor and UTC day with a session or an event: sums of what happened on that day.
-- Feedback counts on the day of its session, whenever it was submitted.
-- noqa: disable=LT02

with

sessions as (
    select
        *,
        {{ utc_day('scheduled_start') }} as activity_day
    from {{ ref('sessions') }}
    where {{ happened_since_restated('scheduled_start') }}
),

student_feedback as (
    select * from {{ ref('student_feedback') }}
),

tutor_events as (
    select
        *,
        {{ utc_day('event_timestamp') }} as activity_day,
        case
            when event_type = 'message_response'
                then {{ json_number('metadata', 'response_time_minutes', below=1e12) }}
        end as response_minutes
    from {{ ref('tutor_events') }}
    where {{ happened_since_restated('event_timestamp') }}
),

sessions_rated as (
    select
        sessions.*,
        student_feedback.overall_rating,
        case
            when sessions.session_number = 1 then student_feedback.overall_rating
        end as first_session_rating
    from sessions
    left join student_feedback on sessions.session_id = student_feedback.session_id
),

session_days as (
    select
        tutor_id,
        activity_day,
        count(*) as sessions,
        count(*) filter (where not no_show and actual_start is not null) as sessions_completed,
        count(*) filter (where no_show) as no_shows,
        count(*) filter (where tutor_initiated_reschedule) as reschedules,
        count(*) filter (
            where coalesce(late_start_minutes, 0) <= {{ var('on_time_minutes') }}
        ) as on_time_starts,
        count(engagement_score) as engagement_scores,
        sum({{ to_fixed_point('engagement_score', 12) }}) as engagement_sum,
        count(learning_objectives_met) as objectives_known,
        count(*) filter (where learning_objectives_met) as objectives_met,
        count(overall_rating) as ratings,
        sum(overall_rating) as rating_sum,
        count(first_session_rating) as first_ratings,
        count(*) filter (
            where first_session_rating >= {{ var('first_session_success_rating') }}
        ) as first_successes
    from sessions_rated
    group by tutor_id, activity_day
),

event_days as (
    select
        tutor_id,
        activity_day,
        count(*) filter (where event_type = 'login') as logins,
        count(response_minutes) as responses,
        sum({{ to_fixed_point('response_minutes', 6) }}) as response_sum
    from tutor_events
    group by tutor_id, activity_day
),

final as (
    select
        coalesce(session_days.tutor_id, event_days.tutor_id) as tutor_id,
        coalesce(session_days.activity_day, event_days.activity_day) as activity_day,
        {%- for measure, type in day_measures().items() %}
        cast(coalesce({{ measure }}, 0) as {{ type }}) as {{ measure }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from session_days
    full outer join event_days
        on
            session_days.tutor_id = event_days.tutor_id
            and session_days.activity_day = event_days.activity_day
)

select * from final
