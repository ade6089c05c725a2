-- One row per tutor and day on which the tutor churned: the day after the last completed session before
-- churn_inactivity_days open days without one. Includes only churn whose full period of inactivity has passed while
-- sessions arrived.

with

tutor_days as (
    select * from {{ ref('int_activity__tutor_daily_totals') }}
),

clock as (
    select * from {{ ref('int_activity__calculation_dates') }}
),

open_days as (
    select * from {{ ref('int_activity__open_days') }}
),

session_days as (
    select
        tutor_days.tutor_id,
        tutor_days.activity_day,
        clock.sessions_known_before,
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

-- The first day before which so many open days have passed.
reached as (
    select
        open_days_before,
        min(calendar_day) as first_day
    from open_days
    group by open_days_before
),

churn_days as (
    select
        session_days.tutor_id,
        {{ add_days('session_days.activity_day', 1) }} as churn_day,
        reached.first_day as known_on
    from session_days
    inner join open_days on session_days.activity_day = open_days.calendar_day
    inner join reached
        on open_days.open_days_through + {{ var('churn_inactivity_days') }} = reached.open_days_before
    where reached.first_day <= coalesce(session_days.next_day, session_days.sessions_known_before)
),

final as (
    select *
    from churn_days
    where {{ is_recomputed() }}
)

select * from final
