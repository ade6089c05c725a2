-- One row per model version, horizon and tenth of its evaluated predictions, by rank of the probability.
-- Who churned is told as churn_prediction_outcomes tells it, from the published sessions.
with

session_days as (
    select distinct
        tutor_id,
        cast(scheduled_start as date) as session_day
    from {{ published }}.sessions
    where
        not no_show
        and actual_start is not null
        and scheduled_start < cast({{ as_of }} as timestamp with time zone)
),

closed_days (closed_day) as (
    values {{ closed_days }}
),

-- Silence is observed up to the latest completed session.
latest as (
    select max(session_day) + 1 as known_before
    from session_days
),

gaps as (
    select
        tutor_id,
        session_day + 1 as silent_from,
        coalesce(lead(session_day) over (partition by tutor_id order by session_day), known_before) as silent_until
    from session_days
    cross join latest
),

-- The day after the last session before a silence of enough open days.
churn_days as (
    select
        tutor_id,
        silent_from as churn_day
    from gaps
    where
        silent_until - silent_from >= {{ inactivity_days }}
        and silent_until - silent_from - (
            select count(*) from closed_days where closed_day >= silent_from and closed_day < silent_until
        ) >= {{ inactivity_days }}
),

predictions as (
    select
        *,
        cast(prediction_date as date) as prediction_day
    from {{ published }}.churn_predictions
),

-- The first churn day that was not yet known on the prediction date.
foreseen as (
    select
        predictions.prediction_id,
        min(churn_days.churn_day) as churn_day
    from predictions
    inner join churn_days on predictions.tutor_id = churn_days.tutor_id
    where
        predictions.prediction_day - churn_days.churn_day - (
            select count(*) from closed_days
            where closed_day >= churn_days.churn_day and closed_day < predictions.prediction_day
        ) < {{ inactivity_days }}
    group by predictions.prediction_id
),

-- Churn on the last day of the horizon is known.
horizon_dates as (
    select
        days.prediction_day,
        horizons.horizon_days
    from (select distinct prediction_day from predictions) as days
    cross join (values (1), (7), (30), (90)) as horizons (horizon_days)
    cross join latest
    where
        latest.known_before - days.prediction_day - horizons.horizon_days + 1 - (
            select count(*) from closed_days
            where closed_day >= days.prediction_day + horizons.horizon_days - 1 and closed_day < latest.known_before
        ) >= {{ inactivity_days }}
),

evaluated as (
    select
        predictions.model_version,
        horizon_dates.horizon_days,
        case horizon_dates.horizon_days
            when 1 then predictions.window_1day_probability
            when 7 then predictions.window_7day_probability
            when 30 then predictions.window_30day_probability
            when 90 then predictions.window_90day_probability
        end as probability,
        case
            when foreseen.churn_day < predictions.prediction_day + horizon_dates.horizon_days then 1
            else 0
        end as has_churned
    from predictions
    inner join horizon_dates on predictions.prediction_day = horizon_dates.prediction_day
    left join foreseen on predictions.prediction_id = foreseen.prediction_id
),

ranked as (
    select
        *,
        floor(
            10.0 * (rank() over (partition by model_version, horizon_days order by probability) - 1)
            / count(*) over (partition by model_version, horizon_days)
        ) as tenth
    from evaluated
)

select
    model_version,
    horizon_days,
    cast(tenth as integer) + 1 as tenth,
    count(*) as predictions,
    sum(has_churned) as churned,
    sum(cast(probability as decimal(18, 12))) as probability_sum
from ranked
group by model_version, horizon_days, tenth
order by model_version, horizon_days, tenth
