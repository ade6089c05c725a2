{#-
    The sums that are kept for each tutor and day, with their types, and carried into the windows.
    engagement_sum is in 10^-12, response_sum in 10^-6 minutes, availability_hours in 10^-6 hours: see
    to_fixed_point.
-#}
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
