-- One row per intervention type and month of recommendation that is kept: results, how values of the tutors changed,
-- and how those of tutors at the same risk without an intervention changed meanwhile.
-- noqa: disable=LT02
{% set measures = ['avg_rating', 'engagement_score', 'churn_score'] %}

with

interventions as (
    select * from {{ ref('int_interventions__dated') }}
    where is_month_kept
),

changes as (
    select * from {{ ref('intervention_changes') }}
),

counted as (
    select
        intervention_type,
        recommended_month,
        cast(count(*) as integer) as recommended,
        cast(count(*) filter (where status in ('in_progress', 'completed')) as integer) as started,
        cast(count(completed_day) as integer) as completed,
        cast(count(*) filter (where is_on_time) as integer) as on_time
        {%- for outcome in var('enums')['intervention_outcome'] %},
        cast(count(*) filter (where outcome = '{{ outcome }}' and not is_ahead) as integer) as outcome_{{ outcome }}
        {%- endfor %}
    from interventions
    group by intervention_type, recommended_month
),

-- Tutors without an intervention from the day before a completion to 30 days after it.
spared as (
    select * from changes
    where is_spared
),

-- Their mean changes, by day and risk level.
expected as (
    select
        day_before,
        risk_level
        {%- for measure in measures %},
        {{ to_fixed_point(
            mean_of_fixed_point('sum(' ~ measure ~ '_change)', 'count(' ~ measure ~ '_change)', 12), 12
        ) }} as {{ measure }}_change
        {%- endfor %}
    from spared
    group by day_before, risk_level
),

compared as (
    select
        interventions.intervention_type,
        interventions.recommended_month,
        changes.*
        {%- for measure in measures %},
        case when changes.{{ measure }}_change is not null then expected.{{ measure }}_change end
            as comparison_{{ measure }}_change
        {%- endfor %}
    from interventions
    inner join changes
        on
            interventions.tutor_id = changes.tutor_id
            and {{ add_days('interventions.completed_day', -1) }} = changes.day_before
    left join expected
        on
            changes.day_before = expected.day_before
            and changes.risk_level = expected.risk_level
    where
        {%- for measure in measures %}
        {{ 'or ' if not loop.first }}changes.{{ measure }}_change is not null
        {%- endfor %}
),

averaged as (
    select
        intervention_type,
        recommended_month,
        count(distinct tutor_id) as tutors_measured
        {%- for measure in measures %},
        count(distinct tutor_id) filter (where {{ measure }}_change is not null) as {{ measure }}_tutors,
        {{ mean_of_fixed_point('sum(' ~ measure ~ '_change)', 'count(' ~ measure ~ '_change)', 12) }}
            as {{ measure }}_change,
        {{ mean_of_fixed_point(
            'sum(comparison_' ~ measure ~ '_change)', 'count(comparison_' ~ measure ~ '_change)', 12
        ) }} as comparison_{{ measure }}_change
        {%- endfor %}
    from compared
    group by intervention_type, recommended_month
),

compared_days as (
    select distinct
        intervention_type,
        recommended_month,
        day_before,
        risk_level
    from compared
),

compared_with as (
    select
        compared_days.intervention_type,
        compared_days.recommended_month,
        count(distinct spared.tutor_id) as comparison_tutors
        {%- for measure in measures %},
        count(distinct spared.tutor_id) filter (where spared.{{ measure }}_change is not null)
            as comparison_{{ measure }}_tutors
        {%- endfor %}
    from compared_days
    inner join spared
        on
            compared_days.day_before = spared.day_before
            and compared_days.risk_level = spared.risk_level
    group by compared_days.intervention_type, compared_days.recommended_month
),

final as (
    select
        counted.*,
        cast(coalesce(averaged.tutors_measured, 0) as integer) as tutors_measured,
        {%- for measure in measures %}
        averaged.{{ measure }}_change,
        {%- endfor %}
        cast(coalesce(compared_with.comparison_tutors, 0) as integer) as comparison_tutors,
        {%- for measure in measures %}
        averaged.comparison_{{ measure }}_change,
        {%- endfor %}
        least(
            {%- for measure in measures %}
            coalesce(averaged.{{ measure }}_tutors, 0),
            coalesce(compared_with.comparison_{{ measure }}_tutors, 0){{ ',' if not loop.last }}
            {%- endfor %}
        ) < {{ var('effectiveness_min_tutors') }} as is_small
    from counted
    left join averaged
        on
            counted.intervention_type = averaged.intervention_type
            and counted.recommended_month = averaged.recommended_month
    left join compared_with
        on
            counted.intervention_type = compared_with.intervention_type
            and counted.recommended_month = compared_with.recommended_month
)

select * from final
