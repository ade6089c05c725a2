-- What: of the interventions of a type and month no more are started than recommended, completed than started,
-- on time than completed; no outcomes are more than interventions, and no tutors measured more than completed.
-- When it fails: intervention_effectiveness counts rows twice, by a join that is not one to one.
-- What to do: look at the model's joins.
select *
from {{ ref('intervention_effectiveness') }}
where
    started > recommended
    or completed > started
    or on_time > completed
    or outcome_improved + outcome_no_change + outcome_declined + outcome_churned > recommended
    or tutors_measured > completed
