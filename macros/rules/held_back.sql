{% macro held_back_reasons() -%}
    case
        when ranks_worse then
            '; among active tutors its AUC over ' || months_evaluated_text || ' evaluated month'
            || case when months_evaluated > 1 then 's' else '' end || ' is ' || {{ decimal_text('auc', 3) }}
            || ', and that of the days since the last session alone is ' || {{ decimal_text('baseline_auc', 3) }}
        else ''
    end
    || case
        when has_drifted then
            '; ' || features_drifted_text || ' of its ' || features_text
            || ' features have drifted from training'
        else ''
    end
    || case
        when has_halved then
            '; the market completed ' || sessions_7_days_text || ' sessions in 7 days after '
            || sessions_28_days_before_text || ' in the 28 days before'
        else ''
    end
{%- endmacro %}

{% macro held_back_sentence() -%}
    case
        when reasons <> ''
            then 'Churn model ' || model_version || ' is held back, and churn rules recommend nothing: '
            || substring(reasons, 3) || '.'
    end
{%- endmacro %}
