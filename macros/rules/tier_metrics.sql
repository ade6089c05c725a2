{% macro tier_metrics() -%}
    {{ return([
        'avg_rating',
        'first_session_success_rate',
        'reschedule_rate',
        'no_show_rate',
        'engagement_score',
        'learning_objectives_met_pct'
    ]) }}
{%- endmacro %}
