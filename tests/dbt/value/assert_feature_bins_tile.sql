-- What: the bins of each feature cover all values without gaps, and their shares sum to 1.
-- When it fails: the seed churn_feature_distributions was not written by `tutormax train`.
-- What to do: train again, or correct it.
with

bins as (
    select
        *,
        lag({{ adapter.quote('upper') }}) over feature_bins as upper_before,
        row_number() over feature_bins as place,
        row_number() over (
            partition by model_version, feature
            order by bin desc
        ) as place_from_end
    from {{ ref('churn_feature_distributions') }}
    where bin > 0
    window feature_bins as (
        partition by model_version, feature
        order by bin
    )
),

broken as (
    select
        model_version,
        feature
    from bins
    where
        bin <> place
        or {{ adapter.quote('lower') }} is distinct from upper_before
        or (place_from_end = 1) <> ({{ adapter.quote('upper') }} is null)
        or {{ adapter.quote('lower') }} >= {{ adapter.quote('upper') }}
    union distinct
    select
        model_version,
        feature
    from {{ ref('churn_feature_distributions') }}
    group by model_version, feature
    having abs(sum(share) - 1) > 0.000000001
)

select * from broken
