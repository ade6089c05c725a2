-- One row per tutor and day before any completion: how values of the tutor changed from that day to 30 days after
-- the completion.

with

-- An aggregate, so that a planner without statistics expects one row.
clock as (
    select
        max(as_of_date) as as_of_date,
        max({{ retention_start('as_of_date') }}) as retention_start
    from {{ ref('int_activity__calculation_dates') }}
),

interventions as (
    select * from {{ ref('int_interventions__dated') }}
),

published_metrics as (
    select * from {{ ref('tutor_performance_metrics') }}
),

metrics as (
    select
        metrics.tutor_id,
        {{ utc_day('metrics.calculation_date') }} as calculation_day,
        metrics.avg_rating,
        metrics.engagement_score
    from published_metrics as metrics
    inner join clock on metrics.calculation_date >= {{ utc_midnight('clock.retention_start') }}
    where metrics.{{ adapter.quote('window') }} = '30day'
),

predictions as (
    select
        tutor_id,
        {{ utc_day('prediction_date') }} as prediction_day,
        churn_score,
        risk_level
    from {{ ref('churn_predictions') }}
),

-- Only completions with known values 30 days later.
days_before as (
    select distinct {{ add_days('interventions.completed_day', -1) }} as day_before
    from interventions
    inner join clock on {{ add_days('interventions.completed_day', 30) }} <= clock.as_of_date
    where interventions.is_month_kept
),

changed as {{ evaluate_once() }} (
    select
        earlier.tutor_id,
        days_before.day_before,
        predictions_before.risk_level,
        {{ to_fixed_point('(later.avg_rating - earlier.avg_rating)', 12) }} as avg_rating_change,
        {{ to_fixed_point('(later.engagement_score - earlier.engagement_score)', 12) }} as engagement_score_change,
        {{ to_fixed_point('(predictions_after.churn_score - predictions_before.churn_score)', 12) }}
            as churn_score_change
    from days_before
    inner join metrics as earlier on days_before.day_before = earlier.calculation_day
    left join metrics as later
        on
            earlier.tutor_id = later.tutor_id
            and {{ add_days('days_before.day_before', 31) }} = later.calculation_day
    left join predictions as predictions_before
        on
            earlier.tutor_id = predictions_before.tutor_id
            and days_before.day_before = predictions_before.prediction_day
    left join predictions as predictions_after
        on
            earlier.tutor_id = predictions_after.tutor_id
            and {{ add_days('days_before.day_before', 31) }} = predictions_after.prediction_day
),

-- Orders interventions by first day among the last of each tutor's 31 days without one. If all interventions begun
-- by then ended before the 31 days, the tutor is spared.
placed as (
    select
        interventions.tutor_id,
        interventions.recommended_day as place,
        coalesce(interventions.last_open_day, clock.as_of_date) as last_day,
        null as day_before
    from interventions
    cross join clock
    union all
    select
        tutor_id,
        {{ add_days('day_before', 30) }} as place,
        null as last_day,
        day_before
    from changed
),

followed as (
    select
        tutor_id,
        day_before,
        max(last_day) over (
            partition by tutor_id
            order by place
        ) as last_day
    from placed
),

final as (
    select
        changed.*,
        changed.risk_level is not null
        and (followed.last_day is null or followed.last_day < followed.day_before) as is_spared
    from changed
    inner join followed
        on
            changed.tutor_id = followed.tutor_id
            and changed.day_before = followed.day_before
)

select * from final
