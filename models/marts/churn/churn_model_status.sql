-- One row, none before any activity: whether churn rules may recommend by the model that scored the latest prediction
-- date, and if not, why.
-- noqa: disable=LT02
{% set counts = [
    'months_evaluated', 'features', 'features_drifted', 'sessions_7_days', 'sessions_28_days_before'
] %}

with

clock as (
    select * from {{ ref('int_activity__calculation_dates') }}
),

predictions as (
    select *
    from {{ ref('churn_predictions') }}
    where prediction_date = (select max(prediction_date) from {{ ref('churn_predictions') }})
),

outcomes as (
    select *
    from {{ ref('churn_prediction_outcomes') }}
    where horizon_days = 30 and population = 'active' and auc is not null
),

drift as (
    select * from {{ ref('churn_feature_drift') }}
),

tutor_days as (
    select * from {{ ref('int_activity__tutor_daily_totals') }}
),

open_days as (
    select * from {{ ref('int_activity__open_days') }}
),

-- The version that scored the latest date, or the one that will score the first.
latest as (
    select
        coalesce(max(model_version), '{{ var('churn_model_version') }}') as model_version,
        count(*) as tutors
    from predictions
),

-- The last three months of its predictions that can be evaluated, weighted by the tutors who churned.
placed_months as (
    select
        outcomes.*,
        row_number() over (order by outcomes.prediction_month desc) as place
    from outcomes
    inner join latest on outcomes.model_version = latest.model_version
),

ranked as (
    select
        count(*) as months_evaluated,
        {{ mean_of_fixed_point('sum(' ~ to_fixed_point('auc', 12) ~ ' * churned)', 'sum(churned)', 12) }} as auc,
        {{ mean_of_fixed_point(
            'sum(' ~ to_fixed_point('baseline_auc', 12) ~ ' * churned)', 'sum(churned)', 12
        ) }} as baseline_auc
    from placed_months
    where place <= 3
),

own_drift as (
    select drift.*
    from drift
    inner join latest on drift.model_version = latest.model_version
),

moved as (
    select
        count(*) as features,
        count(*) filter (where population_stability_index > {{ var('max_feature_drift') }}) as features_drifted
    from own_drift
    where prediction_month = (select max(newest.prediction_month) from own_drift as newest)
),

dated as (
    select
        tutor_days.sessions_completed,
        today.open_days_before - open_days.open_days_before as days_ago
    from clock
    inner join open_days as today on clock.as_of_date = today.calendar_day
    inner join open_days
        on
            today.calendar_day > open_days.calendar_day
            and today.open_days_before <= open_days.open_days_before + 35
    inner join tutor_days on open_days.calendar_day = tutor_days.activity_day
),

held as (
    select
        coalesce(sum(sessions_completed) filter (where days_ago <= 7), 0) as sessions_7_days,
        coalesce(sum(sessions_completed) filter (where days_ago > 7), 0) as sessions_28_days_before
    from dated
),

measured as (
    select
        latest.*,
        ranked.*,
        moved.*,
        held.*,
        clock.as_of_date,
        latest.tutors >= {{ var('churn_status_min_tutors') }} as is_large
    from clock
    cross join latest
    cross join ranked
    cross join moved
    cross join held
),

judged as (
    select
        *,
        is_large and coalesce(auc < baseline_auc, false) as ranks_worse,
        is_large and 2 * features_drifted > features as has_drifted,
        8 * sessions_7_days < sessions_28_days_before as has_halved
        {%- for number in counts %},
        cast({{ number }} as {{ dbt.type_string() }}) as {{ number }}_text
        {%- endfor %}
    from measured
),

explained as (
    select
        *,
        {{ held_back_reasons() }} as reasons
    from judged
),

final as (
    select
        cast(model_version as varchar(50)) as model_version,
        as_of_date,
        reasons <> '' as is_held_back,
        {{ held_back_sentence() }} as reason,
        cast(tutors as integer) as tutors,
        auc,
        baseline_auc
        {%- for number in counts %},
        cast({{ number }} as integer) as {{ number }}
        {%- endfor %}
    from explained
    where as_of_date is not null
)

select * from final
