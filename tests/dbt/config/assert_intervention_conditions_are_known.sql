-- What: every condition of an intervention rule has an existing metric and window, an operator for the metric, and as
-- many numbers as the operator needs, or names of the metric's enum.
-- When it fails: a row of the seed intervention_rule_conditions has a typing error or a name that no longer exists.
-- What to do: correct it; macros/rules lists metrics and operators.
-- noqa: disable=LT02
with

known as (
    {{ intervention_metric_rows() }}
),

operators as (
    {%- for operator in number_operators() %}
    select
        '{{ operator }}' as operator_name,
        {{ 2 if operator == 'between' else 1 }} as numbers
    union all
    {%- endfor %}
    {%- for operator in name_operators() %}
    select
        '{{ operator }}' as operator_name,
        0 as numbers
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

enum_values as (
    {%- for enum in intervention_metrics().named.values() | unique %}
    {%- set is_last_enum = loop.last %}
    {%- for enum_value in var('enums')[enum] %}
    select
        '{{ enum }}' as enum_name,
        '{{ enum_value }}' as enum_value
    {{ 'union all' if not (is_last_enum and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

conditions as (
    select
        conditions.rule,
        conditions.condition_number,
        conditions.value,
        length(conditions.value) - length(replace(conditions.value, '|', '')) + 1 as parts,
        known.metric,
        known.enum_name,
        operators.numbers
    from {{ ref('intervention_rule_conditions') }} as conditions
    left join known
        on
            conditions.metric = known.metric
            and conditions.metric_window = known.metric_window
    left join operators on conditions.operator = operators.operator_name
),

-- How many names of each list are values of the metric's enum.
named as (
    select
        conditions.rule,
        conditions.condition_number,
        conditions.parts,
        count(*) filter (
            where position('|' || enum_values.enum_value || '|' in '|' || conditions.value || '|') > 0
        ) as parts_known
    from conditions
    inner join enum_values on conditions.enum_name = enum_values.enum_name
    where conditions.numbers = 0
    group by conditions.rule, conditions.condition_number, conditions.parts
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
where numbers is null or (numbers = 0 and enum_name is null)
union all
select
    rule,
    condition_number,
    'not as many numbers as the operator needs' as trouble
from conditions
where numbers > 0 and (numbers <> parts or translate(value, '0123456789.-|', '') <> '')
union all
select
    rule,
    condition_number,
    'not a value of the enum' as trouble
from named
where parts <> parts_known
