-- One row per tutor, with the 30-day metrics and the prediction of the last calculation date.
with

metrics as (
    select *
    from {{ published }}.tutor_performance_metrics
    where "window" = '30day' and calculation_date = cast({{ as_of }} as timestamp with time zone)
),

sessions as (
    select
        tutor_id,
        scheduled_start,
        cast(scheduled_start as date) as day
    from {{ published }}.sessions
    where
        not no_show
        and actual_start is not null
        and scheduled_start < cast({{ as_of }} as timestamp with time zone)
),

taught as (
    select
        tutor_id,
        max(day) as last_session_day,
        count(*) filter (where day >= {{ as_of }} - 90) as sessions_of_90_days
    from sessions
    group by tutor_id
),

closed_days (closed_day) as (
    values {{ closed_days }}
),

-- Silence is observed up to the latest completed session.
latest as (
    select max(day) + 1 as known_before from sessions
),

-- Days of silence are open days, as in predictions. A tutor left on the day after the last session if enough passed.
silences as (
    select
        taught.*,
        {{ as_of }} - last_session_day - (
            select count(*) from closed_days where closed_day > last_session_day and closed_day < {{ as_of }}
        ) as days_since_last_session,
        case
            when known_before - last_session_day - 1 - (
                select count(*) from closed_days where closed_day > last_session_day and closed_day < known_before
            ) >= {{ inactivity_days }} then last_session_day + 1
        end as left_on
    from taught
    cross join latest
),

-- The first day of the data: rates are over the days that exist.
beginning as (
    select min(day) as first_day from sessions
),

all_predictions as (
    select
        *,
        cast(prediction_date as date) as day
    from {{ published }}.churn_predictions
    where prediction_date <= cast({{ as_of }} as timestamp with time zone)
),

predictions as (
    select * from all_predictions
    where day = {{ as_of }}
),

a_day_before as (
    select
        tutor_id,
        risk_level
    from all_predictions
    where day = (select max(day) from all_predictions where day < {{ as_of }})
),

a_week_before as (
    select
        tutor_id,
        churn_score
    from all_predictions
    where day = {{ as_of }} - 7
),

-- Counted back from the last calculation date, the n-th day of an unbroken run lies n - 1 days before it.
critical_days as (
    select
        tutor_id,
        day,
        cast(row_number() over (partition by tutor_id order by day desc) as integer) as place
    from all_predictions
    where risk_level = 'Critical'
),

critical as (
    select
        tutor_id,
        min(day) as critical_since
    from critical_days
    where day = {{ as_of }} + 1 - place
    group by tutor_id
)

select
    tutors.tutor_id,
    tutors.status,
    tutors.onboarding_date,
    tutors.subjects,
    tutors.education_level,
    metrics.performance_tier,
    metrics.sessions_completed,
    metrics.avg_rating,
    metrics.engagement_score,
    silences.days_since_last_session,
    case
        when predictions.tutor_id is not null and silences.days_since_last_session > {{ recent_days }} then 'silent'
        when predictions.tutor_id is not null then 'kept'
        when silences.left_on >= {{ as_of }} - 30 then 'left'
    end as queue_part,
    7.0 * silences.sessions_of_90_days
    / greatest(
        7, least(90, {{ as_of }} - greatest(beginning.first_day, cast(tutors.onboarding_date as date)))
    ) as sessions_a_week,
    -- Null while there are fewer days: the data may begin with an event.
    case
        when {{ as_of }} - greatest(beginning.first_day, cast(tutors.onboarding_date as date)) >= 30
            then 7.0 * metrics.sessions_completed / 30
    end as sessions_a_week_of_30_days,
    predictions.risk_level,
    predictions.churn_score,
    predictions.window_1day_probability,
    predictions.window_7day_probability,
    predictions.window_30day_probability,
    predictions.window_90day_probability,
    cast(predictions.contributing_factors as text) as contributing_factors,
    predictions.model_version,
    a_day_before.risk_level as risk_level_before,
    a_week_before.churn_score as churn_score_a_week_before,
    critical.critical_since
from {{ published }}.tutors as tutors
cross join beginning
left join metrics on tutors.tutor_id = metrics.tutor_id
left join silences on tutors.tutor_id = silences.tutor_id
left join predictions on tutors.tutor_id = predictions.tutor_id
left join a_day_before on tutors.tutor_id = a_day_before.tutor_id
left join a_week_before on tutors.tutor_id = a_week_before.tutor_id
left join critical on tutors.tutor_id = critical.tutor_id
