{#- The intervals of the survival model, in days after the prediction date, and the horizons they add up to. -#}
{% macro churn_intervals() -%}
    {{ return([[0, 1], [1, 7], [7, 30], [30, 90]]) }}
{%- endmacro %}

{#-
    The churn day that counts for a prediction date: who is silent on it, in a gap that will turn out to be
    churn, churns on that day. The literal day lies before the date, but nobody could know it yet, and the
    longest silent would look the safest.
-#}
{% macro churn_day_for(prediction_day, churn_day) -%}
    case when {{ churn_day }} < {{ prediction_day }} then {{ prediction_day }} else {{ churn_day }} end
{%- endmacro %}

{#- True for churn days that were not known on a prediction date: of the tutor's gap on it, or later ones. -#}
{% macro is_churn_ahead(prediction_day, churn_day) -%}
    {{ add_days(churn_day, var('churn_silence_days')) }} > {{ prediction_day }}
{%- endmacro %}

{#- True if it is known whether a tutor churned in the days after a prediction date, up to a horizon. -#}
{% macro is_churn_known(prediction_day, horizon, as_of_date) -%}
    {{ add_days(prediction_day, horizon ~ ' + ' ~ (var('churn_silence_days') - 1)) }} <= {{ as_of_date }}
{%- endmacro %}

{#- How many days before a fact the outcome of a prediction can lie that it changes. -#}
{% macro churn_reach() -%}
    {{ return(churn_intervals()[-1][1] + var('churn_silence_days')) }}
{%- endmacro %}
