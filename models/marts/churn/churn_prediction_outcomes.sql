-- One row per model version, horizon, month and population of predictions: how they compare with actual churn.
-- noqa: disable=LT02
{% set month = 'model_version, horizon_days, prediction_month, population' %}
{% set sums = {
    'churned': 'has_churned',
    'flagged': 'is_flagged',
    'flagged_and_churned': 'is_flagged * has_churned',
    'left_a_week_later': 'is_a_week_before * has_churned',
    'flagged_a_week_before': 'is_a_week_before * has_churned * is_flagged',
    'probability_sum': to_fixed_point('probability', 12),
    'squared_error_sum': to_fixed_point('(probability - has_churned) * (probability - has_churned)', 12),
    'double_rank_sum': 'double_rank * has_churned',
    'baseline_double_rank_sum': 'baseline_double_rank * has_churned'
} %}

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
    {{ judge_predictions() }}
),

populations as (
    select 'all' as population
    union all
    select 'active' as population
),

populated as (
    select
        judged.*,
        {{ month_of('judged.prediction_day') }} as prediction_month,
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
        count(*) as predictions
        {%- for name, value in sums.items() %},
        sum({{ value }}) as {{ name }}
        {%- endfor %}
    from ranked
    group by {{ month }}, decile
),

counted as (
    select
        {{ month }},
        sum(predictions) as predictions,
        sum(predictions - churned) as stayed,
        sum(abs(probability_sum - churned * cast(1000000000000 as bigint))) as calibration_sum
        {%- for name in sums %},
        sum({{ name }}) as {{ name }}
        {%- endfor %}
    from deciles
    group by {{ month }}
),

final as (
    select
        model_version,
        horizon_days,
        prediction_month,
        cast(predictions as integer) as predictions,
        cast(churned as integer) as churned,
        {{ mean_of_fixed_point('probability_sum', 'predictions', 12) }} as mean_probability,
        {{ mean_of_fixed_point('squared_error_sum', 'predictions', 12) }} as brier_score,
        {{ safe_divide('double_rank_sum - churned * (churned + 1)', '2 * churned * stayed') }} as auc,
        {{ mean_of_fixed_point('calibration_sum', 'predictions', 12) }} as calibration_error,
        {{ safe_divide('flagged_and_churned', 'flagged') }} as precision_at_high,
        {{ safe_divide('flagged_and_churned', 'churned') }} as recall_at_high,
        {{ safe_divide('baseline_double_rank_sum - churned * (churned + 1)', '2 * churned * stayed') }}
            as baseline_auc,
        {{ safe_divide('churned * stayed', 'predictions * predictions') }} as baseline_brier_score,
        cast(population as varchar(20)) as population,
        cast(left_a_week_later as integer) as lead_time_tutors,
        {{ safe_divide('flagged_a_week_before', 'left_a_week_later') }} as lead_time_recall
    from counted
)

select * from final
