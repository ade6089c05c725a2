-- One row per intervention type and month of recommendation, of the last year.
select
    intervention_type,
    recommended_month,
    recommended,
    started,
    completed,
    on_time,
    outcome_improved,
    outcome_no_change,
    outcome_declined,
    outcome_churned,
    tutors_measured,
    avg_rating_change,
    engagement_score_change,
    churn_score_change,
    comparison_tutors,
    comparison_avg_rating_change,
    comparison_engagement_score_change,
    comparison_churn_score_change,
    is_small
from {{ published }}.intervention_effectiveness
