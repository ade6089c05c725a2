-- One row per tutor and UTC day, from the first to the last day that a window can cover, without gaps inside a
-- window, so that windows are frames of rows. Totals are zero on days without activity.
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

-- The days that the build recomputes, and each tutor's last active day before them: its stretch may reach into
-- them, and a later stretch must not count as the tutor's first.
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

-- Splits activity at gaps that no window before or after reaches across, and leaves out the days between, so that
-- new activity never changes days long before it.
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

-- A stretch starts with its first activity (later stretches a window earlier), but not before the windows of the
-- first calculation date and of the first date after onboarding. It ends with the last day of a window that covers
-- its last activity.
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
