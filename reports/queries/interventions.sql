-- One row per intervention, but for what may name a person.
select
    intervention_id,
    tutor_id,
    intervention_type,
    recommended_date,
    status,
    due_date,
    completed_date,
    outcome
from {{ published }}.interventions
