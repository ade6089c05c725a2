-- One row per tutor, calculation date and window: the totals over the window's days, with feedback submitted before
-- the date. Only tutors onboarded before the date and active in the longest window.
-- noqa: disable=LT02
{% set windows = var('metric_windows') %}
{% set feedback_measures = ['ratings', 'rating_sum', 'first_ratings', 'first_successes'] %}

with

calendar as (
    select *
    from {{ ref('int_activity__tutor_date_spine') }}
    where {{ is_recomputed(day='calendar_day', lookback=longest_window()) }}
),

pending_feedback as (
    select * from {{ ref('int_activity__unsubmitted_feedback') }}
),

clock as (
    select * from {{ ref('int_activity__calculation_dates') }}
),

-- Totals from the first row of the calendar on. The total of a window is the difference between two of them, which
-- takes less than a frame for each measure and window.
running as {{ evaluate_once() }} (
    select
        tutor_id,
        onboarding_day,
        calendar_day,
        row_number() over until_the_date as place,
        max(case when sessions_completed > 0 then calendar_day end) over until_the_date as last_session_day,
        max(case when logins > 0 then calendar_day end) over until_the_date as last_login_day,
        sum(is_active) over until_the_date as active_days
        {%- for measure in day_measures() %},
        sum({{ measure }}) over until_the_date as {{ measure }}
        {%- endfor %}
    from calendar
    window until_the_date as (partition by tutor_id order by calendar_day)
),

rolled as (
    select
        running.tutor_id,
        running.onboarding_day,
        {{ add_days('running.calendar_day', 1) }} as calculation_day,
        running.last_session_day,
        running.last_login_day
        {%- for window, days in windows.items() %}
        {%- if days == longest_window() %},
        running.active_days - coalesce(before_{{ window }}.active_days, 0) as active_days
        {%- endif %}
        {%- for measure in day_measures() %},
        running.{{ measure }} - coalesce(before_{{ window }}.{{ measure }}, 0) as {{ measure }}_{{ window }}
        {%- endfor %}
        {%- endfor %}
    from running
    {%- for window, days in windows.items() %}
    left join running as before_{{ window }}
        on
            running.tutor_id = before_{{ window }}.tutor_id
            and running.place - {{ days }} = before_{{ window }}.place
    {%- endfor %}
),

as_of_the_date as (
    select rolled.*
        {%- for window in windows %}
        {%- for measure in feedback_measures %},
        coalesce(
            pending_feedback.pending_{{ measure }}_{{ window }}, 0
        ) as pending_{{ measure }}_{{ window }}
        {%- endfor %}
        {%- endfor %}
    from rolled
    inner join clock on rolled.calculation_day between clock.first_calculation_date and clock.as_of_date
    left join pending_feedback
        on
            rolled.tutor_id = pending_feedback.tutor_id
            and rolled.calculation_day = pending_feedback.calculation_day
    where
        rolled.active_days > 0
        and rolled.onboarding_day < rolled.calculation_day
        and {{ is_recomputed(day='rolled.calculation_day') }}
),

final as (
    {%- for window in windows %}
    select
        tutor_id,
        calculation_day,
        {{ dbt.string_literal(window) }} as metric_window,
        onboarding_day,
        case
            when last_session_day >= {{ add_days('calculation_day', -longest_window()) }} then last_session_day
        end as last_session_day,
        case
            when last_login_day >= {{ add_days('calculation_day', -longest_window()) }} then last_login_day
        end as last_login_day
        {%- for measure, type in day_measures().items() %},
        cast(
            {{ measure }}_{{ window }}
            {{- ' - pending_' ~ measure ~ '_' ~ window if measure in feedback_measures }} as {{ type }}
        ) as {{ measure }}
        {%- endfor %}
    from as_of_the_date
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
