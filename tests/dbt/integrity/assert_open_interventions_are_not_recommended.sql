-- What: nothing is recommended of a type that the tutor has pending or in progress already.
-- When it fails: intervention_recommendations no longer sees interventions as they are.
-- What to do: dbt build; if it still fails, look at the model's joins.
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
