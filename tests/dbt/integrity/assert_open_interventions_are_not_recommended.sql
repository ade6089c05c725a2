-- What: a type is not recommended to a tutor who has one pending or in progress.
-- When it fails: intervention_recommendations was not built after interventions, or joins them wrongly.
-- What to do: dbt build; if it still fails, check the model's joins.
select
    recommendations.tutor_id,
    recommendations.intervention_type
from {{ ref('intervention_recommendations') }} as recommendations
inner join {{ ref('interventions') }} as interventions
    on
        recommendations.tutor_id = interventions.tutor_id
        and recommendations.intervention_type = interventions.intervention_type
where
    interventions.status in ('pending', 'in_progress')
    and interventions.recommended_date < {{ utc_midnight('recommendations.recommended_on') }}
