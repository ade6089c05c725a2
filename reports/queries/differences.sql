-- One row per completed intervention whose change is known: how much more the tutor changed than the control group of
-- that type and month. Changes are as in intervention_effectiveness.
with

interventions as (
    select
        tutor_id,
        intervention_type,
        cast(date_trunc('month', recommended_date) as date) as recommended_month,
        cast(completed_date as date) as completed_day
    from {{ published }}.interventions
    where status = 'completed' and completed_date < cast({{ as_of }} - 29 as timestamp with time zone)
),

metrics as (
    select
        tutor_id,
        cast(calculation_date as date) as day,
        avg_rating,
        engagement_score
    from {{ published }}.tutor_performance_metrics
    where "window" = '30day'
),

predictions as (
    select
        tutor_id,
        cast(prediction_date as date) as day,
        churn_score
    from {{ published }}.churn_predictions
)

select
    interventions.intervention_type,
    interventions.recommended_month,
    interventions.tutor_id,
    score_later.churn_score - score_earlier.churn_score - controls.comparison_churn_score_change as churn_score,
    later.avg_rating - earlier.avg_rating - controls.comparison_avg_rating_change as avg_rating,
    later.engagement_score - earlier.engagement_score - controls.comparison_engagement_score_change as engagement_score
from interventions
inner join {{ published }}.intervention_effectiveness as controls
    on
        interventions.intervention_type = controls.intervention_type
        and interventions.recommended_month = controls.recommended_month
inner join metrics as earlier
    on interventions.tutor_id = earlier.tutor_id and interventions.completed_day - 1 = earlier.day
left join metrics as later
    on interventions.tutor_id = later.tutor_id and interventions.completed_day + 30 = later.day
left join predictions as score_earlier
    on interventions.tutor_id = score_earlier.tutor_id and interventions.completed_day - 1 = score_earlier.day
left join predictions as score_later
    on interventions.tutor_id = score_later.tutor_id and interventions.completed_day + 30 = score_later.day
order by interventions.intervention_type, interventions.tutor_id, interventions.completed_day
