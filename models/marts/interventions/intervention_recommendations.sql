-- One row per tutor and intervention type that the rules recommend on the last calculation date.
-- noqa: disable=LT02
{% set placeholders = {
    '{text}': "coalesce(metrics.text_value, '')",
    '{value}': format_number('metrics.number_value', 'conditions'),
    '{bound_to}': format_number('conditions.bound_to', 'conditions'),
    '{bound}': format_number('conditions.bound', 'conditions')
} %}

with

metrics as (
    select * from {{ ref('intervention_rule_inputs') }}
),

rules as (
    select * from {{ ref('intervention_rules') }}
),

conditions as (
    select
        *,
        {{ condition_bound(1) }} as bound,
        {{ condition_bound(2) }} as bound_to
    from {{ ref('intervention_rule_conditions') }}
),

interventions as (
    select * from {{ ref('int_interventions__dated') }}
),

-- One row per tutor and condition that holds.
holding as (
    select
        metrics.tutor_id,
        metrics.calculation_day,
        conditions.rule,
        conditions.condition_number,
        {{ 'replace(' * placeholders | length }}conditions.reason
        {%- for placeholder, shown in placeholders.items() %},
        '{{ placeholder }}', {{ shown }})
        {%- endfor %} as reason
    from conditions
    inner join metrics
        on conditions.metric = metrics.metric and conditions.metric_window = metrics.metric_window
    where {{ condition_holds('conditions', 'metrics') }}
),

-- One row per tutor and rule: how many of its conditions hold, and their reasons.
met as (
    select
        tutor_id,
        calculation_day,
        rule,
        count(*) as conditions_met,
        {{ text_array_join(ordered_array('reason', 'condition_number'), ', ') }} as reason
    from holding
    group by tutor_id, calculation_day, rule
),

-- One row per tutor and intervention type that was recommended before the date.
given as (
    select
        tutor_id,
        intervention_type,
        max(recommended_day) as recommended_day,
        bool_or(last_open_day is null) as is_open
    from interventions
    group by tutor_id, intervention_type
),

-- One row per tutor and rule that fires; place 1 is the most urgent of the type.
fired as (
    select
        met.tutor_id,
        met.calculation_day,
        met.rule,
        met.reason,
        silence.number_value as silent_days,
        rules.rule_number,
        rules.intervention_type,
        rules.priority,
        rules.assigned_role,
        {{ add_days('met.calculation_day', 'rules.due_days') }} as due_date,
        row_number() over (
            partition by met.tutor_id, rules.intervention_type
            order by rules.priority, rules.rule_number
        ) as place
    from met
    inner join rules on met.rule = rules.rule
    left join metrics as sessions
        on met.tutor_id = sessions.tutor_id and sessions.metric = 'sessions' and sessions.metric_window = '30day'
    left join metrics as silence
        on met.tutor_id = silence.tutor_id and silence.metric = 'silent_days'
    left join given
        on met.tutor_id = given.tutor_id and rules.intervention_type = given.intervention_type
    where
        met.conditions_met >= rules.conditions_needed
        and (not rules.needs_sessions or sessions.number_value >= {{ var('recommendation_min_sessions') }})
        and (
            given.tutor_id is null
            or (
                not given.is_open
                and given.recommended_day < {{ add_days('met.calculation_day', '-rules.cool_down_days') }}
            )
        )
),

grouped as (
    select
        tutor_id,
        calculation_day,
        intervention_type,
        min(priority) as priority,
        {{ ordered_array('rule', 'rule_number') }} as rules,
        {{ text_array_join(ordered_array('reason', 'rule_number'), '; ') }} as reason,
        max(assigned_role) filter (where place = 1) as assigned_role,
        min(due_date) as due_date,
        max(silent_days) as silent_days
    from fired
    group by tutor_id, calculation_day, intervention_type
),

final as (
    select
        {{ surrogate_key(['tutor_id', 'intervention_type', 'calculation_day']) }} as recommendation_id,
        tutor_id,
        intervention_type,
        priority,
        rules,
        {{ upper_ascii('left(reason, 1)') }} || substring(reason, 2) || '.' as reason,
        assigned_role,
        calculation_day as recommended_on,
        due_date,
        {{ audit_now() }} as created_at,
        {{ audit_now() }} as updated_at,
        cast(silent_days as integer) as silent_days
    from grouped
)

select * from final
