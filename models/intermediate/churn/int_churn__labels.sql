-- One row per active tutor and prediction day: the first churn day from the prediction day on, within the longest
-- horizon and known by the last calculation date.

with

featured as (
    select
        tutor_id,
        prediction_day
    from {{ ref('int_churn__features') }}
    where {{ is_recomputed() }}
),

churn_days as (
    select * from {{ ref('int_churn__churn_events') }}
),

final as (
    select
        featured.tutor_id,
        featured.prediction_day,
        min({{ churn_day_for('featured.prediction_day', 'churn_days.churn_day') }}) as churn_day
    from featured
    left join churn_days
        on
            featured.tutor_id = churn_days.tutor_id
            and featured.prediction_day < churn_days.known_on
            and churn_days.churn_day < {{ add_days('featured.prediction_day', churn_intervals()[-1][1]) }}
    group by featured.tutor_id, featured.prediction_day
)

select * from final
