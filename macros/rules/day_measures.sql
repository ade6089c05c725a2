{% macro day_measures() -%}
    {{ return({
        'sessions': 'integer',
        'sessions_completed': 'integer',
        'no_shows': 'integer',
        'reschedules': 'integer',
        'on_time_starts': 'integer',
        'engagement_scores': 'integer',
        'engagement_sum': 'bigint',
        'objectives_known': 'integer',
        'objectives_met': 'integer',
        'ratings': 'integer',
        'rating_sum': 'integer',
        'first_ratings': 'integer',
        'first_successes': 'integer',
        'logins': 'integer',
        'responses': 'integer',
        'response_sum': 'decimal(38, 0)',
        'late_minutes': 'bigint',
        'reschedule_requests': 'integer',
        'availability_changes': 'integer',
        'availability_hours': 'bigint',
        'trainings': 'integer'
    }) }}
{%- endmacro %}
