-- One row per tutor and calculation date: tier, risk and tenure on that date.

with

metrics as (
    select *
    from {{ ref('tutor_performance_metrics') }}
    where {{ adapter.quote('window') }} = '30day'
),

predictions as (
    select * from {{ ref('churn_predictions') }}
),

tutors as (
    select
        tutor_id,
        {{ utc_day('onboarding_date') }} as onboarding_day
    from {{ ref('tutors') }}
),

dated as (
    select
        *,
        {{ utc_day('calculation_date') }} as calculation_day
    from metrics
),

final as (
    select
        {{ tutor_day_id('dated.tutor_id', 'dated.calculation_day') }} as tutor_day_id,
        dated.tutor_id,
        dated.calculation_day,
        dated.performance_tier,
        predictions.risk_level,
        {{ tenure_band(days_from('tutors.onboarding_day', 'dated.calculation_day')) }} as tenure_band,
        case when dated.performance_tier is null then 0 else 1 end as tutors_with_tier,
        case when predictions.risk_level is null then 0 else 1 end as tutors_with_risk,
        predictions.window_30day_probability as expected_churn
    from dated
    inner join tutors on dated.tutor_id = tutors.tutor_id
    left join predictions
        on
            dated.tutor_id = predictions.tutor_id
            and dated.calculation_date = predictions.prediction_date
)

select * from final
