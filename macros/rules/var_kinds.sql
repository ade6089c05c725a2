{% macro var_kinds() -%}
    {{ return({
        'as_of_date': 'date',
        'restate_from': 'date',
        'loaded_at_column': 'name',
        'raw_schema': 'name',
        'raw_database': 'text',
        'max_delete_share': 'share',
        'min_delete_rows': 'count',
        'allow_mass_delete': 'flag',
        'allow_history_loss': 'flag',
        'max_rejected_share': 'share',
        'postgres_settings': 'settings',
        'enums': 'enums',
        'metric_windows': 'windows',
        'on_time_minutes': 'number',
        'first_session_success_rating': 'number',
        'churn_inactivity_days': 'days',
        'churn_model_version': 'name',
        'prediction_retention_years': 'years',
        'recommendation_min_sessions': 'count',
        'effectiveness_min_tutors': 'count',
        'tenure_bands': 'bands',
        'project_version': 'name'
    }) }}
{%- endmacro %}
