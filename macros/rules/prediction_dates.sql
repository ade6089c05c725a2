{% macro prediction_dates() -%}
observed as (
    select
        open_days.calendar_day as prediction_day,
        open_days.open_days_before,
        max(case when session_days.teaching_day is not null then open_days.open_days_through end) over (
            order by open_days.calendar_day
            rows between unbounded preceding and 1 preceding
        ) as open_days_through_session
    from open_days
    left join (select distinct teaching_day from teaching_days) as session_days
        on open_days.calendar_day = session_days.teaching_day
),

-- Dates before which some tutor completed a session in the last churn_clock_open_days open days.
prediction_dates as (
    select *
    from observed
    where open_days_before - open_days_through_session < {{ var('churn_clock_open_days') }}
)
{%- endmacro %}
