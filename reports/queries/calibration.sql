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

gaps as (
    select
        tutor_id,
        session_day,
        lead(session_day) over (partition by tutor_id order by session_day) as next_day
    from session_days
),

-- The day after the last session before a silence that is long enough.
churn_days as (
    select
        tutor_id,
        session_day + 1 as churn_day
    from gaps
    where coalesce(next_day, {{ as_of }}) > session_day + {{ inactivity_days }}
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
    inner join churn_days
        on
            predictions.tutor_id = churn_days.tutor_id
            and churn_days.churn_day + {{ inactivity_days }} > predictions.prediction_day
    group by predictions.prediction_id
),

evaluated as (
    select
        predictions.model_version,
        horizons.horizon_days,
        case horizons.horizon_days
            when 1 then predictions.window_1day_probability
            when 7 then predictions.window_7day_probability
            when 30 then predictions.window_30day_probability
            when 90 then predictions.window_90day_probability
        end as probability,
        case
            when foreseen.churn_day < predictions.prediction_day + horizons.horizon_days then 1
            else 0
        end as has_churned
    from predictions
    cross join (values (1), (7), (30), (90)) as horizons(horizon_days)
    left join foreseen on predictions.prediction_id = foreseen.prediction_id
    where predictions.prediction_day + horizons.horizon_days + {{ inactivity_days }} - 1 <= {{ as_of }}
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
