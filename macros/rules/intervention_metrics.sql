{% macro intervention_metrics() -%}
    {{ return({
        'windowed': [
            'sessions',
            'sessions_completed',
            'avg_rating',
            'first_session_success_rate',
            'reschedule_rate',
            'no_show_count',
            'no_show_rate',
            'engagement_score',
            'learning_objectives_met_pct',
            'response_time_avg_minutes',
            'performance_tier'
        ],
        'dropping': [
            'avg_rating',
            'first_session_success_rate',
            'reschedule_rate',
            'no_show_rate',
            'engagement_score',
            'learning_objectives_met_pct'
        ],
        'unwindowed': ['tenure_days', 'silent_days', 'churn_score', 'risk_level'],
        'named': {'performance_tier': 'performance_tier', 'risk_level': 'risk_level'}
    }) }}
{%- endmacro %}

{% macro intervention_metric_rows() -%}
    {%- set metrics = intervention_metrics() -%}
    {%- set longest = longest_window() -%}
    {%- set rows = [] -%}
    {%- for window, days in var('metric_windows').items() -%}
        {%- for metric in metrics.windowed -%}
            {%- do rows.append([metric, window, metrics.named.get(metric)]) -%}
        {%- endfor -%}
        {%- for metric in metrics.dropping if days < longest -%}
            {%- do rows.append([metric ~ '_drop', window, none]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for metric in metrics.unwindowed -%}
        {%- do rows.append([metric, 'date', metrics.named.get(metric)]) -%}
    {%- endfor -%}
    {%- for metric, window, enum in rows %}
    select
        '{{ metric }}' as metric,
        '{{ window }}' as metric_window,
        cast({{ dbt.string_literal(enum) if enum else 'null' }} as varchar(50)) as enum_name
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
