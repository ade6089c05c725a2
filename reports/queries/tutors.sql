-- One row per tutor, with the 30-day metrics and the prediction of the last calculation date.
with

metrics as (
    select *
    from {{ published }}.tutor_performance_metrics
    where "window" = '30day' and calculation_date = cast({{ as_of }} as timestamp with time zone)
),

predictions as (
    select *
    from {{ published }}.churn_predictions
    where prediction_date = cast({{ as_of }} as timestamp with time zone)
),

a_week_before as (
    select
        tutor_id,
        churn_score
    from {{ published }}.churn_predictions
    where prediction_date = cast({{ as_of }} - 7 as timestamp with time zone)
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
    predictions.risk_level,
    predictions.churn_score,
    predictions.window_1day_probability,
    predictions.window_7day_probability,
    predictions.window_30day_probability,
    predictions.window_90day_probability,
    cast(predictions.contributing_factors as text) as contributing_factors,
    predictions.model_version,
    a_week_before.churn_score as churn_score_a_week_before
from {{ published }}.tutors as tutors
left join metrics on tutors.tutor_id = metrics.tutor_id
left join predictions on tutors.tutor_id = predictions.tutor_id
left join a_week_before on tutors.tutor_id = a_week_before.tutor_id
