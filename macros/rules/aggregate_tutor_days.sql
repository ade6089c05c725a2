{% macro aggregate_tutor_days() -%}
sessions_rated as (
    select
        sessions.*,
        {{ utc_day('sessions.scheduled_start') }} as activity_day,
        student_feedback.overall_rating,
        case
            when sessions.session_number = 1 then student_feedback.overall_rating
        end as first_session_rating
    from sessions
    left join student_feedback on sessions.session_id = student_feedback.session_id
),

-- Ignores case and surrounding white space of a type.
events_typed as (
    select
        *,
        {{ utc_day('event_timestamp') }} as activity_day,
        case
            when event_type in ('{{ var('enums')['counted_event_type'] | join("', '") }}') then event_type
            else {{ lower_ascii(trimmed('event_type')) }}
        end as counted_type
    from tutor_events
),

events_timed as (
    select
        *,
        case
            when counted_type = 'message_response'
                then {{ json_number('metadata', 'response_time_minutes', below=1e12) }}
        end as response_minutes,
        case
            when counted_type = 'availability_change'
                then {{ json_number('metadata', 'hours_per_week_change', below=168, at_least=-168) }}
        end as hours_per_week_change
    from events_typed
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
        sum(late_start_minutes) as late_minutes,
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
        count(*) filter (where counted_type = 'login') as logins,
        count(response_minutes) as responses,
        sum({{ to_fixed_point('response_minutes', 6) }}) as response_sum,
        count(*) filter (where counted_type = 'reschedule_request') as reschedule_requests,
        count(*) filter (where counted_type = 'availability_change') as availability_changes,
        sum({{ to_fixed_point('hours_per_week_change', 6) }}) as availability_hours,
        count(*) filter (where counted_type = 'training_completed') as trainings
    from events_timed
    group by tutor_id, activity_day
),

summed as (
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
{%- endmacro %}
