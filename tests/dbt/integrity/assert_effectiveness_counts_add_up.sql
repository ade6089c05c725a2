-- What: for each type and month, recommended >= started >= completed >= on time; outcomes are at most recommended, and
-- tutors measured at most completed.
-- When it fails: intervention_effectiveness counts rows twice, because a join is not one to one.
-- What to do: check the model's joins.
select *
from {{ ref('intervention_effectiveness') }}
where
    started > recommended
    or completed > started
    or on_time > completed
    or outcome_improved + outcome_no_change + outcome_declined + outcome_churned > recommended
    or tutors_measured > completed
