-- One row per model version, month of predictions and feature: how far the feature has moved from training.
-- noqa: disable=LT02
{% set features = churn_features().keys() | list %}
{% set bins = range(1, most_bins()) %}

with

predictions as (
    select * from {{ ref('churn_predictions') }}
),

featured as (
    select * from {{ ref('int_churn__tutor_days_featured') }}
),

distributions as (
    select * from {{ ref('churn_feature_distributions') }}
),

edges as (
    select
        model_version
        {%- for feature in features %}
        {%- for bin in bins %},
        max({{ adapter.quote('upper') }}) filter (
            where feature = '{{ feature }}' and bin = {{ bin }}
        ) as {{ feature }}_{{ bin }}
        {%- endfor %}
        {%- endfor %}
    from distributions
    group by model_version
),

dated as (
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
),

-- For each feature, how many values are known, and how many lie below the upper edge of each bin.
counted as (
    select
        dated.model_version,
        dated.prediction_month,
        count(*) as predictions
        {%- for feature in features %},
        count(dated.{{ feature }}) as {{ feature }}
        {%- for bin in bins %},
        count(*) filter (where dated.{{ feature }} < edges.{{ feature }}_{{ bin }}) as {{ feature }}_{{ bin }}
        {%- endfor %}
        {%- endfor %}
    from dated
    inner join edges on dated.model_version = edges.model_version
    group by dated.model_version, dated.prediction_month
),

below as (
    select
        counted.model_version,
        counted.prediction_month,
        counted.predictions,
        distributions.feature,
        distributions.bin,
        distributions.share as expected_share,
        case
            {%- for feature in features %}
            when distributions.feature = '{{ feature }}' and distributions.bin = 0
                then counted.predictions - counted.{{ feature }}
            when distributions.feature = '{{ feature }}' and distributions.upper is null
                then counted.{{ feature }}
            {%- for bin in bins %}
            when distributions.feature = '{{ feature }}' and distributions.bin = {{ bin }}
                then counted.{{ feature }}_{{ bin }}
            {%- endfor %}
            {%- endfor %}
        end as values_below
    from counted
    inner join distributions on counted.model_version = distributions.model_version
),

-- No share counts as less than one in ten thousand: the logarithm of none has no end.
shares as (
    select
        model_version,
        prediction_month,
        feature,
        predictions,
        greatest(expected_share, 0.0001) as expected_share,
        greatest(
            {{ safe_share(
                'values_below - coalesce(
                    lag(values_below) over (
                        partition by model_version, prediction_month, feature, case when bin = 0 then 0 else 1 end
                        order by bin
                    ), 0
                )',
                'predictions'
            ) }},
            0.0001
        ) as actual_share
    from below
),

indexed as (
    select
        model_version,
        prediction_month,
        feature,
        min(predictions) as predictions,
        sum(
            {{ to_fixed_point('(actual_share - expected_share) * ln(actual_share / expected_share)', 12) }}
        ) as index_sum
    from shares
    group by model_version, prediction_month, feature
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
