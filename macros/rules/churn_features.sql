{% macro churn_features() -%}
    {{ return({
        'days_since_last_session': 'engagement_decline',
        'longest_gap_12': 'engagement_decline',
        'mean_gap_12': 'engagement_decline',
        'silence_by_longest_gap': 'engagement_decline',
        'missed_weekdays': 'engagement_decline',
        'days_since_last_login': 'engagement_decline',
        'logins_per_day_7day': 'engagement_decline',
        'login_trend': 'engagement_decline',
        'response_minutes_30day': 'engagement_decline',
        'response_trend': 'engagement_decline',
        'session_engagement_30day': 'engagement_decline',
        'session_engagement_90day': 'engagement_decline',
        'session_engagement_trend': 'engagement_decline',
        'trainings_per_week_90day': 'engagement_decline',
        'avg_rating_30day': 'performance_trend',
        'avg_rating_90day': 'performance_trend',
        'rating_trend': 'performance_trend',
        'objectives_met_share_30day': 'performance_trend',
        'objectives_met_share_90day': 'performance_trend',
        'late_share_30day': 'performance_trend',
        'late_minutes_per_session_30day': 'performance_trend',
        'reschedule_rate_30day': 'reschedule_pattern',
        'reschedule_rate_90day': 'reschedule_pattern',
        'reschedule_trend': 'reschedule_pattern',
        'reschedule_requests_per_week_30day': 'reschedule_pattern',
        'first_session_success_rate_90day': 'first_session_quality',
        'first_session_failures_per_week_30day': 'first_session_quality',
        'no_show_rate_30day': 'no_show_risk',
        'no_show_rate_90day': 'no_show_risk',
        'no_show_trend': 'no_show_risk',
        'tenure_days': 'tenure_risk',
        'sessions_per_week_30day': 'availability_reduction',
        'agreed_pace_share_7day': 'availability_reduction',
        'agreed_pace_share_30day': 'availability_reduction',
        'session_trend_7day': 'availability_reduction',
        'session_trend_30day': 'availability_reduction',
        'availability_changes_per_week_30day': 'availability_reduction',
        'availability_hours_per_week_90day': 'availability_reduction'
    }) }}
{%- endmacro %}

{% macro churn_factor_groups() -%}
    {{ return([
        'engagement_decline',
        'performance_trend',
        'reschedule_pattern',
        'first_session_quality',
        'no_show_risk',
        'tenure_risk',
        'availability_reduction'
    ]) }}
{%- endmacro %}
