-- One row per active tutor and prediction day: the features of the churn model on that day.
-- Active: a completed session or the onboarding in the churn_inactivity_days open days before. None in a silent market.
-- noqa: disable=LT02
{% set is_of_this_build = is_recomputed(day='calculation_day') %}

with

-- One CTE with all windows would be slower: PostgreSQL would store a copy.
{% for name, days in {'seven': 7, 'thirty': 30, 'ninety': 90}.items() %}
{{ name }} as (
    select *
    from {{ ref('int_activity__tutor_rolling_windows') }}
    where metric_window = '{{ days }}day' and {{ is_of_this_build }}
),
{% endfor %}
clock as (
    select * from {{ ref('int_activity__calculation_dates') }}
),

open_days as (
    select * from {{ ref('int_activity__open_days') }}
),

teaching_days as (
    select * from {{ ref('int_churn__teaching_days') }}
),

agreed_paces as (
    select * from {{ ref('core__agreed_paces') }}
),

{{ prediction_dates() }},

-- Silence is in open days. Adds the days observed: since onboarding, or since the first day of the data.
dated as (
    select
        ninety.*,
        ninety.calculation_day as prediction_day,
        {{ open_days_since('prediction_dates', 'last_sessions') }} as days_since_last_session,
        {{ open_days_since('prediction_dates', 'last_logins') }} as days_since_last_login,
        {{ open_days_since('prediction_dates', 'onboardings') }} as open_days_since_onboarding,
        {{ days_from('ninety.onboarding_day', 'ninety.calculation_day') }} as days_since_onboarding,
        least(
            {{ days_from('ninety.onboarding_day', 'ninety.calculation_day') }},
            {{ days_from('clock.first_calculation_date', 'ninety.calculation_day') }} + 1
        ) as days_observed
    from ninety
    inner join prediction_dates on ninety.calculation_day = prediction_dates.prediction_day
    left join open_days as last_sessions on ninety.last_session_day = last_sessions.calendar_day
    left join open_days as last_logins on ninety.last_login_day = last_logins.calendar_day
    left join open_days as onboardings on ninety.onboarding_day = onboardings.calendar_day
    cross join clock
),

working as (
    select
        *,
        greatest(7, least(30, days_observed)) as days_30,
        greatest(7, least(90, days_observed)) as days_90
    from dated
    where
        days_since_last_session <= {{ var('churn_inactivity_days') }}
        or open_days_since_onboarding <= {{ var('churn_inactivity_days') }}
),

featured as (
    select
        working.tutor_id,
        working.prediction_day,
        working.days_since_last_session,
        teaching_days.longest_gap as longest_gap_12,
        {{ safe_divide('teaching_days.gap_sum', 'teaching_days.gaps') }} as mean_gap_12,
        {{ safe_divide('working.days_since_last_session', 'teaching_days.longest_gap') }} as silence_by_longest_gap,
        {{ missed_weekdays('working.days_since_last_session', 'teaching_days') }} as missed_weekdays,
        working.days_since_last_login,
        {{ safe_divide('seven.logins', '7') }} as logins_per_day_7day,
        {{ safe_divide('seven.logins * working.days_30', 'thirty.logins * 7') }} as login_trend,
        {{ mean_of_fixed_point('thirty.response_sum', 'thirty.responses', 6) }} as response_minutes_30day,
        {{ mean_of_fixed_point('seven.response_sum', 'seven.responses', 6) }}
        / nullif({{ mean_of_fixed_point('thirty.response_sum', 'thirty.responses', 6) }}, 0)
            as response_trend,
        {{ mean_of_fixed_point('seven.engagement_sum', 'seven.engagement_scores', 12) }}
        - {{ mean_of_fixed_point('thirty.engagement_sum', 'thirty.engagement_scores', 12) }}
            as session_engagement_trend,
        {%- for days, window in {'30day': 'thirty', '90day': 'working'}.items() %}
        {{ mean_of_fixed_point(window ~ '.engagement_sum', window ~ '.engagement_scores', 12) }}
            as session_engagement_{{ days }},
        {{ safe_divide(window ~ '.rating_sum', window ~ '.ratings') }} as avg_rating_{{ days }},
        {{ safe_divide(window ~ '.objectives_met', window ~ '.objectives_known') }} as objectives_met_share_{{ days }},
        {{ safe_divide(window ~ '.reschedules', window ~ '.sessions') }} as reschedule_rate_{{ days }},
        {{ safe_divide(window ~ '.no_shows', window ~ '.sessions') }} as no_show_rate_{{ days }},
        {%- endfor %}
        {{ safe_divide('7 * working.trainings', 'working.days_90') }} as trainings_per_week_90day,
        {{ safe_divide('thirty.rating_sum', 'thirty.ratings') }}
        - {{ safe_divide('working.rating_sum', 'working.ratings') }} as rating_trend,
        {{ safe_divide('thirty.sessions - thirty.on_time_starts', 'thirty.sessions') }} as late_share_30day,
        {{ safe_divide('thirty.late_minutes', 'thirty.sessions') }} as late_minutes_per_session_30day,
        {%- for feature, facts in {'reschedule_trend': 'reschedules', 'no_show_trend': 'no_shows'}.items() %}
        {{ safe_divide('seven.' ~ facts, 'seven.sessions') }}
        - {{ safe_divide('thirty.' ~ facts, 'thirty.sessions') }} as {{ feature }},
        {%- endfor %}
        {{ safe_divide('7 * thirty.reschedule_requests', 'working.days_30') }}
            as reschedule_requests_per_week_30day,
        {{ safe_divide('working.first_successes', 'working.first_ratings') }} as first_session_success_rate_90day,
        {{ safe_divide('7 * (thirty.first_ratings - thirty.first_successes)', 'working.days_30') }}
            as first_session_failures_per_week_30day,
        least(365, working.days_since_onboarding) as tenure_days,
        {{ safe_divide('7 * thirty.sessions_completed', 'working.days_30') }} as sessions_per_week_30day,
        {{ safe_divide('seven.sessions_completed', 'agreed_paces.agreed_sessions_per_week') }}
            as agreed_pace_share_7day,
        {{ safe_divide('7 * thirty.sessions_completed', 'working.days_30 * agreed_paces.agreed_sessions_per_week') }}
            as agreed_pace_share_30day,
        {{ safe_divide('seven.sessions_completed * working.days_90', 'working.sessions_completed * 7') }}
            as session_trend_7day,
        {{ safe_divide(
            'thirty.sessions_completed * working.days_90', 'working.sessions_completed * working.days_30'
        ) }} as session_trend_30day,
        {{ safe_divide('7 * thirty.availability_changes', 'working.days_30') }}
            as availability_changes_per_week_30day,
        {{ mean_of_fixed_point('7 * working.availability_hours', 'working.days_90', 6) }}
            as availability_hours_per_week_90day
    from working
    {%- for window in ('seven', 'thirty') %}
    inner join {{ window }}
        on
            working.tutor_id = {{ window }}.tutor_id
            and working.prediction_day = {{ window }}.calculation_day
    {%- endfor %}
    left join teaching_days
        on
            working.tutor_id = teaching_days.tutor_id
            and working.last_session_day = teaching_days.teaching_day
    left join agreed_paces
        on
            working.tutor_id = agreed_paces.tutor_id
            and working.prediction_day >= agreed_paces.first_day
            and working.prediction_day < agreed_paces.next_first_day
),

final as (
    select
        tutor_id,
        prediction_day
        {%- for feature in churn_features() %},
        cast({{ feature }} as {{ type_double() }}) as {{ feature }}
        {%- endfor %}
    from featured
)

select * from final
