-- One row per tutor and prediction date of the last 90 days.
select
    tutor_id,
    cast(prediction_date as date) as day,
    churn_score
from {{ published }}.churn_predictions
where
    prediction_date > cast({{ as_of }} - {{ history_days }} as timestamp with time zone)
    and prediction_date <= cast({{ as_of }} as timestamp with time zone)
order by prediction_date
