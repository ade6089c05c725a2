-- What: every condition of a rule for interventions names a metric and window that exist, an operator that is
-- known and fits the metric, and bounds that fit the operator: numbers, or names of the metric's enum.
-- When it fails: a row of the seed intervention_rule_conditions has a typo, or names what is no more.
-- What to do: correct it; macros/interventions lists metrics and operators.
-- noqa: disable=LT02
with

known as (
    {{ intervention_metric_rows() }}
),

conditions as (
    select
        conditions.rule,
        conditions.condition_number,
        conditions.operator,
        conditions.value,
        known.metric,
        known.enum
    from {{ ref('intervention_rule_conditions') }} as conditions
    left join known
        on
            conditions.metric = known.metric
            and conditions.metric_window = known.metric_window
),

-- The names that each enum knows, with its values that a condition's list holds taken out.
unnamed as (
    select
        conditions.rule,
        conditions.condition_number,
        length(conditions.value) - length(replace(conditions.value, '|', '')) + 1 as names,
        count(
            case
                when position('|' || named.name || '|' in '|' || conditions.value || '|') > 0 then 1
            end
        ) as names_known
    from conditions
    inner join (
        {%- for enum in intervention_metrics().named.values() | unique %}
        {%- set is_last_enum = loop.last %}
        {%- for name in var('enums')[enum] %}
        select
            '{{ enum }}' as enum,
            '{{ name }}' as name
        {{ 'union all' if not (is_last_enum and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    ) as named
        on conditions.enum = named.enum
    where conditions.operator in ('{{ name_operators() | join("', '") }}')
    group by conditions.rule, conditions.condition_number, conditions.value
)

select
    rule,
    condition_number,
    'no such metric and window' as trouble
from conditions
where metric is null
union all
select
    rule,
    condition_number,
    'no such operator for this metric' as trouble
from conditions
where
    operator not in ('{{ (number_operators() + name_operators()) | join("', '") }}')
    or (operator in ('{{ name_operators() | join("', '") }}') and enum is null)
union all
select
    rule,
    condition_number,
    'not as many numbers as the operator needs' as trouble
from conditions
where
    operator not in ('{{ name_operators() | join("', '") }}')
    and (
        translate(value, '0123456789.-|', '') <> ''
        or length(value) - length(replace(value, '|', '')) <> case when operator = 'between' then 1 else 0 end
    )
union all
select
    rule,
    condition_number,
    'not a value of the enum' as trouble
from unnamed
where names <> names_known
