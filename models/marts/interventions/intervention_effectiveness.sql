-- One row per intervention type and month of recommendation, of the last year: how interventions went, what
-- changed for their tutors, and what changed meanwhile for tutors at the same risk who had none.
-- noqa: disable=LT02
{% set measures = ['avg_rating', 'engagement_score', 'churn_score'] %}

with

-- An aggregate, so that a planner without statistics knows that it is one row.
clock as (
    select
        max(as_of_date) as as_of_date,
        max({{ kept_from('as_of_date') }}) as kept_from
    from {{ ref('int_activity__clock_bounded') }}
),

published_interventions as (
    select * from {{ ref('interventions') }}
),

published_metrics as (
    select * from {{ ref('tutor_performance_metrics') }}
),

-- What is completed on the last calculation date or later has not been completed yet.
interventions as {{ materialized() }} (
    select
        interventions.*,
        {{ utc_day('interventions.recommended_date') }} as recommended_day,
        {{ month_of(utc_day('interventions.recommended_date')) }} as recommended_month,
        case
            when
                interventions.status = 'completed'
                and interventions.completed_date < {{ utc_midnight('clock.as_of_date') }}
                then {{ utc_day('interventions.completed_date') }}
        end as completed_day,
        coalesce(interventions.completed_date >= {{ utc_midnight('clock.as_of_date') }}, false) as is_ahead,
        clock.as_of_date,
        clock.kept_from
    from published_interventions as interventions
    inner join clock on interventions.recommended_date < {{ utc_midnight('clock.as_of_date') }}
),

metrics as (
    select
        metrics.tutor_id,
        {{ utc_day('metrics.calculation_date') }} as calculation_day,
        metrics.avg_rating,
        metrics.engagement_score
    from published_metrics as metrics
    inner join clock on metrics.calculation_date >= {{ utc_midnight('clock.kept_from') }}
    where metrics.{{ adapter.quote('window') }} = '30day'
),

predictions as (
    select
        tutor_id,
        {{ utc_day('prediction_date') }} as prediction_day,
        churn_score,
        risk_level
    from {{ ref('churn_predictions') }}
),

-- Months that begin within the year for which predictions and completed interventions are kept.
recommended as (
    select * from interventions
    where recommended_month > kept_from
),

counted as (
    select
        intervention_type,
        recommended_month,
        count(*) as recommended,
        count(*) filter (where status in ('in_progress', 'completed')) as started,
        count(completed_day) as completed,
        count(*) filter (where completed_day is not null and completed_date <= due_date) as on_time
        {%- for outcome in var('enums')['intervention_outcome'] %},
        count(*) filter (where outcome = '{{ outcome }}' and not is_ahead) as outcome_{{ outcome }}
        {%- endfor %}
    from recommended
    group by intervention_type, recommended_month
),

-- Completed so long ago that what came after is known.
completed as (
    select
        tutor_id,
        intervention_type,
        recommended_month,
        {{ add_days('completed_day', -1) }} as day_before
    from recommended
    where {{ add_days('completed_day', 30) }} <= as_of_date
),

days_before as (
    select distinct day_before from completed
),

-- One row per tutor and day before somebody's completion: what changed for the tutor from that day to 30
-- days after the completion.
changed as {{ materialized() }} (
    select
        earlier.tutor_id,
        days_before.day_before,
        predictions_before.risk_level,
        {{ to_fixed_point('(later.avg_rating - earlier.avg_rating)', 12) }} as avg_rating_change,
        {{ to_fixed_point('(later.engagement_score - earlier.engagement_score)', 12) }} as engagement_score_change,
        {{ to_fixed_point('(predictions_after.churn_score - predictions_before.churn_score)', 12) }}
            as churn_score_change
    from days_before
    inner join metrics as earlier on days_before.day_before = earlier.calculation_day
    left join metrics as later
        on
            earlier.tutor_id = later.tutor_id
            and {{ add_days('days_before.day_before', 31) }} = later.calculation_day
    left join predictions as predictions_before
        on
            earlier.tutor_id = predictions_before.tutor_id
            and days_before.day_before = predictions_before.prediction_day
    left join predictions as predictions_after
        on
            earlier.tutor_id = predictions_after.tutor_id
            and {{ add_days('days_before.day_before', 31) }} = predictions_after.prediction_day
),

-- Interventions by their first day, and tutors' days by the last day of the 31 on which none may be open: the
-- latest last day of all that began by then says whether one was.
placed as (
    select
        tutor_id,
        recommended_day as place,
        case
            when completed_day is not null then completed_day
            when status = 'cancelled' then recommended_day
            else as_of_date
        end as last_day,
        null as day_before
    from interventions
    union all
    select
        tutor_id,
        {{ add_days('day_before', 30) }} as place,
        null as last_day,
        day_before
    from changed
),

followed as (
    select
        tutor_id,
        day_before,
        max(last_day) over (
            partition by tutor_id
            order by place
        ) as last_day
    from placed
),

-- Tutors without an intervention from the day before a completion to 30 days after it.
spared as {{ materialized() }} (
    select changed.*
    from changed
    inner join followed
        on
            changed.tutor_id = followed.tutor_id
            and changed.day_before = followed.day_before
            and (followed.last_day is null or followed.last_day < followed.day_before)
    where changed.risk_level is not null
),

-- What changed on average for them, by day and risk level.
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
        completed.intervention_type,
        completed.recommended_month,
        changed.*
        {%- for measure in measures %},
        case when changed.{{ measure }}_change is not null then expected.{{ measure }}_change end
            as comparison_{{ measure }}_change
        {%- endfor %}
    from completed
    inner join changed
        on
            completed.tutor_id = changed.tutor_id
            and completed.day_before = changed.day_before
    left join expected
        on
            changed.day_before = expected.day_before
            and changed.risk_level = expected.risk_level
    where
        {%- for measure in measures %}
        {{ 'or ' if not loop.first }}changed.{{ measure }}_change is not null
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
        counted.intervention_type,
        counted.recommended_month,
        cast(counted.recommended as integer) as recommended,
        cast(counted.started as integer) as started,
        cast(counted.completed as integer) as completed,
        cast(counted.on_time as integer) as on_time,
        {%- for outcome in var('enums')['intervention_outcome'] %}
        cast(counted.outcome_{{ outcome }} as integer) as outcome_{{ outcome }},
        {%- endfor %}
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
