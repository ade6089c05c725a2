-- At most one row: since when there are no predictions, because no tutor has completed a session.
with

predictions as (
    select cast(max(prediction_date) as date) as last_prediction
    from {{ published }}.churn_predictions
),

sessions as (
    select cast(max(scheduled_start) as date) as last_session
    from {{ published }}.sessions
    where
        not no_show
        and actual_start is not null
        and scheduled_start < cast({{ as_of }} as timestamp with time zone)
)

select
    predictions.last_prediction,
    sessions.last_session
from predictions
cross join sessions
where
    {{ as_of }} > date '1900-01-01'
    and coalesce(predictions.last_prediction, date '1900-01-01') < {{ as_of }}
