{% macro churn_intervals() -%}
    {{ return([[0, 1], [1, 7], [7, 30], [30, 90]]) }}
{%- endmacro %}

{% macro churn_day_for(prediction_day, churn_day) -%}
    case when {{ churn_day }} < {{ prediction_day }} then {{ prediction_day }} else {{ churn_day }} end
{%- endmacro %}

{% macro is_churn_ahead(prediction_day, churn_day) -%}
    {{ add_days(churn_day, var('churn_inactivity_days')) }} > {{ prediction_day }}
{%- endmacro %}

{% macro is_churn_known(prediction_day, horizon, as_of_date) -%}
    {{ add_days(prediction_day, horizon ~ ' + ' ~ (var('churn_inactivity_days') - 1)) }} <= {{ as_of_date }}
{%- endmacro %}

{% macro churn_reach() -%}
    {{ return(churn_intervals()[-1][1] + var('churn_inactivity_days')) }}
{%- endmacro %}
