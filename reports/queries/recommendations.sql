-- One row per tutor and intervention type recommended on the last calculation date.
select
    recommendation_id,
    tutor_id,
    intervention_type,
    priority,
    reason,
    assigned_role,
    recommended_on,
    due_date
from {{ published }}.intervention_recommendations
