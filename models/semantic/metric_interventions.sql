-- One row per intervention recommended before the last calculation date, as it was then.

with

interventions as (
    select
        *,
        {{ utc_day('recommended_date') }} as recommended_day
    from {{ ref('interventions') }}
),

clock as (
    select max(calculation_date) as seen_until
    from {{ ref('tutor_performance_metrics') }}
),

final as (
    select
        interventions.intervention_id,
        interventions.tutor_id,
        {{ tutor_day_id('interventions.tutor_id', 'interventions.recommended_day') }} as tutor_day_id,
        interventions.recommended_day,
        interventions.intervention_type,
        case when interventions.status = 'pending' then 0 else 1 end as interventions_decided,
        case when interventions.status in ('in_progress', 'completed') then 1 else 0 end as interventions_started,
        case
            when interventions.status = 'completed' and interventions.completed_date < clock.seen_until then 1
            else 0
        end as interventions_completed
    from interventions
    inner join clock on interventions.recommended_date < clock.seen_until
)

select * from final
