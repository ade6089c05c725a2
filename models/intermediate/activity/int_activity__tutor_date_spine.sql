-- One row per tutor and UTC day from the tutor's first day to the last that a window can reach, without
-- a gap that a window could look into, so that windows can be frames of rows: the day's sums, zero where
-- nothing happened. A day is the last that the next day's calculation date sees.
-- noqa: disable=LT02

with

tutors as (
    select
        tutor_id,
        {{ utc_day('onboarding_date') }} as onboarding_day
    from {{ ref('tutors') }}
),

tutor_days as (
    select *
    from {{ ref('int_activity__tutor_daily_totals') }}
    where {{ is_recomputed(day='activity_day') }}
),

days_before as (
    select
        tutor_id,
        activity_day
    from {{ ref('int_activity__tutor_daily_totals') }}
    where not {{ is_recomputed(day='activity_day') }}
),

clock as (
    select * from {{ ref('int_activity__calculation_dates') }}
),

-- A build looks at the days that it restates, and before them at each tutor's last day: the stretch that
-- reaches into them is that day's, and the one after it does not pass for the first.
activity_days as (
    select
        tutor_id,
        activity_day
    from tutor_days
    union distinct
    select
        tutor_id,
        max(activity_day) as activity_day
    from days_before
    group by tutor_id
    union distinct
    select
        tutor_id,
        onboarding_day as activity_day
    from tutors
),

-- Activity parts into stretches where so much time lies between that no window and no run-up to one
-- would meet: the days between are left out, so that activity never changes days long before it.
activity_stretches as (
    select
        tutor_id,
        activity_day,
        count(*) filter (where is_first_of_stretch) over (
            partition by tutor_id
            order by activity_day
        ) as stretch
    from (
        select
            activity_days.tutor_id,
            activity_days.activity_day,
            activity_days.activity_day > {{ add_days(
                'lag(activity_days.activity_day) over (
                    partition by activity_days.tutor_id
                    order by activity_days.activity_day
                )',
                2 * longest_window() - 1
            ) }} as is_first_of_stretch
        from activity_days
        cross join clock
        where activity_days.activity_day < clock.as_of_date
    ) as preceded
),

-- From the first activity, or a window before it if there was a stretch before, but no further back
-- than the first calculation date or the first date after onboarding can see; to the last day on which
-- the last activity still lies in the longest window.
spans as (
    select
        activity_stretches.tutor_id,
        greatest(
            case
                when activity_stretches.stretch = 0 then min(activity_stretches.activity_day)
                else {{ add_days('min(activity_stretches.activity_day)', 1 - longest_window()) }}
            end,
            {{ add_days('min(clock.first_calculation_date)', -longest_window()) }},
            {{ add_days('min(tutors.onboarding_day)', 1 - longest_window()) }}
        ) as first_day,
        least(
            {{ add_days('max(activity_stretches.activity_day)', longest_window() - 1) }},
            {{ add_days('min(clock.as_of_date)', -1) }}
        ) as last_day
    from activity_stretches
    inner join tutors on activity_stretches.tutor_id = tutors.tutor_id
    cross join clock
    group by activity_stretches.tutor_id, activity_stretches.stretch
),

spine as (
    select
        spans.tutor_id,
        cast(dates.calendar_day as date) as calendar_day
    from spans
    cross join lateral {{ days_between('spans.first_day', 'spans.last_day') }} as dates (calendar_day)
    where {{ is_recomputed(day='cast(dates.calendar_day as date)') }}
),

final as (
    select
        spine.tutor_id,
        spine.calendar_day,
        tutors.onboarding_day,
        case when activity_days.tutor_id is null then 0 else 1 end as is_active
        {%- for measure, type in day_measures().items() %},
        coalesce(tutor_days.{{ measure }}, 0) as {{ measure }}
        {%- endfor %}
    from spine
    inner join tutors on spine.tutor_id = tutors.tutor_id
    left join activity_days
        on
            spine.tutor_id = activity_days.tutor_id
            and spine.calendar_day = activity_days.activity_day
    left join tutor_days
        on
            spine.tutor_id = tutor_days.tutor_id
            and spine.calendar_day = tutor_days.activity_day
)

select * from final
