-- One row per intervention recommended before the last calculation date: its UTC days, as they were on that date.

with

interventions as (
    select * from {{ ref('interventions') }}
),

clock as (
    select * from {{ ref('int_activity__calculation_dates') }}
),

-- A completion on the last calculation date or later does not count yet.
dated as (
    select
        interventions.*,
        {{ utc_day('interventions.recommended_date') }} as recommended_day,
        case
            when
                interventions.status = 'completed'
                and interventions.completed_date < {{ utc_midnight('clock.as_of_date') }}
                then {{ utc_day('interventions.completed_date') }}
        end as completed_day,
        coalesce(interventions.completed_date >= {{ utc_midnight('clock.as_of_date') }}, false) as is_ahead,
        {{ retention_start('clock.as_of_date') }} as retention_start
    from interventions
    inner join clock on interventions.recommended_date < {{ utc_midnight('clock.as_of_date') }}
),

final as (
    select
        intervention_id,
        tutor_id,
        intervention_type,
        status,
        outcome,
        recommended_day,
        {{ month_of('recommended_day') }} as recommended_month,
        {{ month_of('recommended_day') }} > retention_start as is_month_kept,
        completed_day,
        coalesce(completed_day is not null and completed_date <= due_date, false) as is_on_time,
        is_ahead,
        case
            when completed_day is not null then completed_day
            when status = 'cancelled' then recommended_day
        end as last_open_day
    from dated
)

select * from final
