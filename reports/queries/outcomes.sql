-- One row per model version, horizon, month and population of predictions.
select
    model_version,
    horizon_days,
    prediction_month,
    population,
    predictions,
    churned,
    mean_probability,
    brier_score,
    auc,
    calibration_error,
    precision_at_high,
    recall_at_high,
    baseline_auc,
    lead_time_recall
from {{ published }}.churn_prediction_outcomes
