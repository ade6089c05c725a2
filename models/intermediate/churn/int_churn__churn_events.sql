-- One row per tutor and day on which the tutor churned: the day after the last completed session before
-- churn_inactivity_days days without one. Includes only churn whose full period of inactivity has passed.

with

tutor_days as (
    select * from {{ ref('int_activity__tutor_daily_totals') }}
),

clock as (
    select * from {{ ref('int_activity__calculation_dates') }}
),

session_days as (
    select
        tutor_days.tutor_id,
        tutor_days.activity_day,
        clock.as_of_date,
        lead(tutor_days.activity_day) over (
            partition by tutor_days.tutor_id
            order by tutor_days.activity_day
        ) as next_day
    from tutor_days
    inner join clock on tutor_days.activity_day < clock.as_of_date
    where
        tutor_days.sessions_completed > 0
        and {{ is_recomputed(day='tutor_days.activity_day', lookback=1) }}
),

churn_days as (
    select
        tutor_id,
        {{ add_days('activity_day', 1) }} as churn_day
    from session_days
    where coalesce(next_day, as_of_date) > {{ add_days('activity_day', var('churn_inactivity_days')) }}
),

final as (
    select *
    from churn_days
    where {{ is_recomputed() }}
)

select * from final
