-- One row per model version, horizon, month and population of predictions: how they compare with actual churn.
-- noqa: disable=LT02
{% set month = 'model_version, horizon_days, prediction_month, population' %}

with

predictions as (
    select *
    from {{ ref('churn_predictions') }}
    where {{ is_recomputed(instant='prediction_date') }}
),

outcomes as (
    select *
    from {{ ref('int_churn__labels') }}
    where {{ is_recomputed(day='prediction_day') }}
),

featured as (
    select *
    from {{ ref('int_churn__features') }}
    where {{ is_recomputed(day='prediction_day') }}
),

clock as (
    select * from {{ ref('int_activity__calculation_dates') }}
),

-- The baseline uses only the days since the last session, or since onboarding if there was none.
compared as (
    select
        predictions.*,
        outcomes.prediction_day,
        outcomes.churn_day,
        case when predictions.risk_level in ('High', 'Critical') then 1 else 0 end as is_flagged,
        coalesce(featured.days_since_last_session, featured.tenure_days) as baseline_days,
        coalesce(
            featured.days_since_last_session <= {{ var('recent_session_days') }}, false
        ) as has_recent_session,
        clock.churn_known_before
    from predictions
    inner join outcomes
        on
            predictions.tutor_id = outcomes.tutor_id
            and {{ utc_day('predictions.prediction_date') }} = outcomes.prediction_day
    inner join featured
        on
            outcomes.tutor_id = featured.tutor_id
            and outcomes.prediction_day = featured.prediction_day
    cross join clock
),

judged as (
    {%- for start, horizon in churn_intervals() %}
    select
        model_version,
        {{ horizon }} as horizon_days,
        {{ month_of('prediction_day') }} as prediction_month,
        window_{{ horizon }}day_probability as probability,
        case when churn_day < {{ add_days('prediction_day', horizon) }} then 1 else 0 end as has_churned,
        -- The last session was 7 days after the prediction date.
        case when churn_day = {{ add_days('prediction_day', 8) }} then 1 else 0 end as is_a_week_before,
        is_flagged,
        baseline_days,
        has_recent_session
    from compared
    where {{ is_churn_known('prediction_day', horizon, 'churn_known_before') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

populations as (
    select 'all' as population
    union all
    select 'active' as population
),

populated as (
    select
        judged.*,
        populations.population
    from judged
    inner join populations on populations.population = 'all' or judged.has_recent_session
),

-- Twice the ranks: ties share their mean rank, which may end in a half.
ranked as (
    select
        *,
        2 * rank() over by_probability + count(*) over same_probability - 1 as double_rank,
        2 * rank() over by_silence + count(*) over same_silence - 1 as baseline_double_rank,
        floor({{ safe_divide('10 * (rank() over by_probability - 1)', 'count(*) over of_month') }}) as decile
    from populated
    window
        of_month as (partition by {{ month }}),
        by_probability as (partition by {{ month }} order by probability),
        same_probability as (partition by {{ month }}, probability),
        by_silence as (partition by {{ month }} order by baseline_days),
        same_silence as (partition by {{ month }}, baseline_days)
),

deciles as (
    select
        {{ month }},
        decile,
        sum(has_churned) as churned,
        sum({{ to_fixed_point('probability', 12) }}) as probability_sum
    from ranked
    group by {{ month }}, decile
),

calibrated as (
    select
        {{ month }},
        sum(abs(probability_sum - churned * cast(1000000000000 as bigint))) as calibration_sum
    from deciles
    group by {{ month }}
),

counted as (
    select
        {{ month }},
        count(*) as predictions,
        sum(has_churned) as churned,
        count(*) - sum(has_churned) as stayed,
        sum(is_flagged) as flagged,
        sum(is_flagged * has_churned) as flagged_and_churned,
        sum(is_a_week_before * has_churned) as left_a_week_later,
        sum(is_a_week_before * has_churned * is_flagged) as flagged_a_week_before,
        sum({{ to_fixed_point('probability', 12) }}) as probability_sum,
        sum(
            {{ to_fixed_point('(probability - has_churned) * (probability - has_churned)', 12) }}
        ) as squared_error_sum,
        sum(double_rank * has_churned) as double_rank_sum,
        sum(baseline_double_rank * has_churned) as baseline_double_rank_sum
    from ranked
    group by {{ month }}
),

final as (
    select
        counted.model_version,
        counted.horizon_days,
        counted.prediction_month,
        cast(counted.predictions as integer) as predictions,
        cast(counted.churned as integer) as churned,
        {{ mean_of_fixed_point('counted.probability_sum', 'counted.predictions', 12) }} as mean_probability,
        {{ mean_of_fixed_point('counted.squared_error_sum', 'counted.predictions', 12) }} as brier_score,
        {{ safe_divide(
            'counted.double_rank_sum - counted.churned * (counted.churned + 1)',
            '2 * counted.churned * counted.stayed'
        ) }} as auc,
        {{ mean_of_fixed_point('calibrated.calibration_sum', 'counted.predictions', 12) }}
            as calibration_error,
        {{ safe_divide('counted.flagged_and_churned', 'counted.flagged') }} as precision_at_high,
        {{ safe_divide('counted.flagged_and_churned', 'counted.churned') }} as recall_at_high,
        {{ safe_divide(
            'counted.baseline_double_rank_sum - counted.churned * (counted.churned + 1)',
            '2 * counted.churned * counted.stayed'
        ) }} as baseline_auc,
        {{ safe_divide(
            'counted.churned * counted.stayed', 'counted.predictions * counted.predictions'
        ) }} as baseline_brier_score,
        cast(counted.population as varchar(20)) as population,
        cast(counted.left_a_week_later as integer) as lead_time_tutors,
        {{ safe_divide('counted.flagged_a_week_before', 'counted.left_a_week_later') }} as lead_time_recall
    from counted
    inner join calibrated
        on
            counted.model_version = calibrated.model_version
            and counted.horizon_days = calibrated.horizon_days
            and counted.prediction_month = calibrated.prediction_month
            and counted.population = calibrated.population
)

select * from final
