-- One row per tutor and day with a completed session: the gaps between the last 12 such days, and those of the last
-- week, in open days.
-- noqa: disable=LT02

with

tutor_days as (
    select *
    from {{ ref('int_activity__tutor_daily_totals') }}
    where sessions_completed > 0
),

open_days as (
    select * from {{ ref('int_activity__open_days') }}
),

-- All days: the last 12 may lie long before those that the build recomputes.
preceded as (
    select
        tutor_days.tutor_id,
        tutor_days.activity_day as teaching_day,
        open_days.open_days_before,
        open_days.open_days_through,
        lag(open_days.open_days_through) over (
            partition by tutor_days.tutor_id
            order by tutor_days.activity_day
        ) as open_days_through_previous
    from tutor_days
    inner join open_days on tutor_days.activity_day = open_days.calendar_day
),

gaps as (
    select
        *,
        open_days_before - open_days_through_previous + 1 as gap
    from preceded
),

counted as (
    select
        *,
        max(gap) over last_12_days as longest_gap,
        sum(gap) over last_12_days as gap_sum,
        count(gap) over last_12_days as gaps
        {%- for n in range(1, 8) %},
        count(*) over (
            partition by tutor_id
            order by open_days_through
            range between 6 preceding and {{ (7 - n) ~ ' preceding' if n < 7 else 'current row' }}
        ) as days_of_first_{{ n }}
        {%- endfor %}
    from gaps
    window last_12_days as (
        partition by tutor_id
        order by teaching_day
        rows between 10 preceding and current row
    )
),

final as (
    select
        tutor_id,
        teaching_day,
        cast(longest_gap as integer) as longest_gap,
        cast(gap_sum as integer) as gap_sum,
        cast(gaps as integer) as gaps
        {%- for n in range(1, 8) %},
        cast(days_of_first_{{ n }} as integer) as days_of_first_{{ n }}
        {%- endfor %}
    from counted
    where {{ is_recomputed() }}
)

select * from final
