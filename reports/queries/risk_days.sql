-- One row per prediction date of the last 90 days and risk level; the sum of probabilities is exact.
select
    cast(prediction_date as date) as day,
    risk_level,
    count(*) as tutors,
    sum(cast(window_30day_probability as decimal(18, 12))) as expected_churn
from {{ published }}.churn_predictions
where
    prediction_date > cast({{ as_of }} - {{ history_days }} as timestamp with time zone)
    and prediction_date <= cast({{ as_of }} as timestamp with time zone)
group by prediction_date, risk_level
order by prediction_date, risk_level
