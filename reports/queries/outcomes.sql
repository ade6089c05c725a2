-- One row per model version, horizon and month of predictions.
select
    model_version,
    horizon_days,
    prediction_month,
    predictions,
    churned,
    mean_probability,
    brier_score,
    auc,
    calibration_error,
    precision_at_high,
    recall_at_high,
    baseline_auc
from {{ published }}.churn_prediction_outcomes
where population = 'all'
