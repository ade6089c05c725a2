-- What: every version in the seed churn_model_coefficients has an intercept for each interval, names only
-- features and intervals that exist, and gives each feature the same knots in all intervals, at most five.
-- When it fails: the seed was edited by hand, or a feature or interval of an old version was removed.
-- What to do: train a new version, or delete the rows of the old one if it has no predictions.
-- noqa: disable=LT02
with

coefficients as (
    select * from {{ ref('churn_model_coefficients') }}
),

unknown as (
    select
        model_version,
        feature
    from coefficients
    where
        feature not in (
            'intercept'
            {%- for feature in churn_features() %},
            '{{ feature }}'
            {%- endfor %}
        )
        or case
            {%- for start, end in churn_intervals() %}
            when interval_start = {{ start }} then interval_end <> {{ end }}
            {%- endfor %}
            else true
        end
),

lacking as (
    select
        model_version,
        'intercept' as feature
    from coefficients
    group by model_version
    having count(*) filter (where feature = 'intercept') <> {{ churn_intervals() | length }}
),

uneven as (
    select
        model_version,
        feature
    from coefficients
    group by model_version, feature, knot
    having count(*) <> {{ churn_intervals() | length }}
),

bent as (
    select
        model_version,
        feature
    from coefficients
    group by model_version, feature, interval_start
    having count(knot) > {{ most_knots() }}
)

select * from unknown
union all
select * from lacking
union all
select * from uneven
union all
select * from bent
