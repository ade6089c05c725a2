-- One row per model version, month of predictions and feature.
select
    model_version,
    prediction_month,
    feature,
    predictions,
    population_stability_index
from {{ published }}.churn_feature_drift
