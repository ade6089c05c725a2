{% macro churn_intervals() -%}
    {{ return([[0, 1], [1, 7], [7, 30], [30, 90]]) }}
{%- endmacro %}

{% macro churn_day_for(prediction_day, churn_day) -%}
    case when {{ churn_day }} < {{ prediction_day }} then {{ prediction_day }} else {{ churn_day }} end
{%- endmacro %}

{% macro is_churn_known(prediction_day, horizon, churn_known_before) -%}
    {{ add_days(prediction_day, horizon) }} <= {{ churn_known_before }}
{%- endmacro %}
