-- What: every intervention rule has conditions, needs at least one and at most all of them, and needs sessions unless
-- all are on churn risk.
-- When it fails: a rule was added to only one of its two seeds, or conditions_needed or needs_sessions is wrong.
-- What to do: complete the rule in seeds/interventions.
with

conditions as (
    select
        rule,
        count(*) as conditions,
        count(*) filter (where metric in ('risk_level', 'churn_score')) as churn_conditions
    from {{ ref('intervention_rule_conditions') }}
    group by rule
)

select
    rules.rule,
    rules.conditions_needed,
    conditions.conditions
from {{ ref('intervention_rules') }} as rules
left join conditions on rules.rule = conditions.rule
where
    coalesce(conditions.conditions, 0) = 0
    or rules.conditions_needed not between 1 and conditions.conditions
    or rules.needs_sessions = (conditions.churn_conditions = conditions.conditions)
