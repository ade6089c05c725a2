-- One row per UTC day of the calendar: how many open days of the market lie before it, and through it. So the open
-- days between two days are the difference of two counts.

with

calendar as (
    {{ calendar_days() }}
),

closed_periods as (
    select * from {{ ref('closed_periods') }}
),

-- Periods may overlap.
closed_days as (
    select distinct calendar.calendar_day
    from calendar
    inner join closed_periods
        on calendar.calendar_day between closed_periods.first_day and closed_periods.last_day
),

counted as (
    select
        calendar.calendar_day,
        case when closed_days.calendar_day is null then 1 else 0 end as is_open,
        count(*) filter (where closed_days.calendar_day is null) over (
            order by calendar.calendar_day
        ) as open_days_through
    from calendar
    left join closed_days on calendar.calendar_day = closed_days.calendar_day
),

final as (
    select
        calendar_day,
        cast(open_days_through - is_open as integer) as open_days_before,
        cast(open_days_through as integer) as open_days_through
    from counted
)

select * from final
