-- One row per tutor, calculation date of the last 90 and window.
select
    tutor_id,
    cast(calculation_date as date) as day,
    "window" as metric_window,
    sessions_completed,
    avg_rating,
    first_session_success_rate,
    reschedule_rate,
    no_show_count,
    engagement_score,
    learning_objectives_met_pct,
    response_time_avg_minutes,
    performance_tier
from {{ published }}.tutor_performance_metrics
where
    calculation_date > cast({{ as_of }} - {{ history_days }} as timestamp with time zone)
    and calculation_date <= cast({{ as_of }} as timestamp with time zone)
order by calculation_date
