-- One row per intervention: what may name a person.
select
    intervention_id,
    trigger_reason,
    assigned_to,
    notes
from {{ published }}.interventions
