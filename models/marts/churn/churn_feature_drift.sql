-- One row per model version, month of predictions and feature: how far the feature has moved from training.
-- noqa: disable=LT02

with

predictions as (
    select *
    from {{ ref('churn_predictions') }}
    where {{ is_recomputed(instant='prediction_date') }}
),

featured as (
    select *
    from {{ ref('int_churn__features') }}
    where {{ is_recomputed(day='prediction_day') }}
),

distributions as (
    select * from {{ ref('churn_feature_distributions') }}
),

-- Every seventh day of a month: windows of days in between cover nearly the same facts.
dated as {{ evaluate_once() }} (
    select
        predictions.model_version,
        cast(
            {{ dbt.date_trunc('month', 'cast(featured.prediction_day as timestamp)') }} as date
        ) as prediction_month,
        featured.*
    from predictions
    inner join featured
        on
            predictions.tutor_id = featured.tutor_id
            and {{ utc_day('predictions.prediction_date') }} = featured.prediction_day
    where extract(day from featured.prediction_day) in (1, 8, 15, 22, 29)
),

-- Counted before binning, because most values repeat.
valued as (
    {{ value_counts(
        'dated', ['model_version', 'prediction_month'], churn_features(),
        named='feature', valued='feature_value', counted='predictions'
    ) }}
),

binned as (
    select
        valued.model_version,
        valued.prediction_month,
        valued.feature,
        distributions.bin,
        sum(valued.predictions) as predictions
    from valued
    inner join distributions
        on
            valued.model_version = distributions.model_version
            and valued.feature = distributions.feature
            and (
                (distributions.bin = 0 and valued.feature_value is null)
                or (
                    distributions.bin > 0
                    and valued.feature_value is not null
                    and (distributions.lower is null or valued.feature_value >= distributions.lower)
                    and (distributions.upper is null or valued.feature_value < distributions.upper)
                )
            )
    group by valued.model_version, valued.prediction_month, valued.feature, distributions.bin
),

months as (
    select
        model_version,
        prediction_month,
        count(*) as predictions
    from dated
    group by model_version, prediction_month
),

-- Shares are at least 0.0001, because the logarithm of 0 is infinite.
shares as (
    select
        months.model_version,
        months.prediction_month,
        months.predictions,
        distributions.feature,
        greatest(distributions.share, 0.0001) as expected_share,
        greatest(
            {{ safe_divide('coalesce(binned.predictions, 0)', 'months.predictions') }}, 0.0001
        ) as actual_share
    from months
    inner join distributions on months.model_version = distributions.model_version
    left join binned
        on
            months.model_version = binned.model_version
            and months.prediction_month = binned.prediction_month
            and distributions.feature = binned.feature
            and distributions.bin = binned.bin
),

indexed as (
    select
        model_version,
        prediction_month,
        feature,
        predictions,
        sum(
            {{ to_fixed_point('(actual_share - expected_share) * ln(actual_share / expected_share)', 12) }}
        ) as index_sum
    from shares
    group by model_version, prediction_month, feature, predictions
),

final as (
    select
        model_version,
        prediction_month,
        feature,
        cast(predictions as integer) as predictions,
        {{ mean_of_fixed_point('index_sum', '1', 12) }} as population_stability_index
    from indexed
)

select * from final
