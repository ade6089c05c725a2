-- What: the risk bands of each model version cover probabilities 0 to 1 and scores 0 to 100 without gaps, in the order
-- of the risk levels.
-- When it fails: a band was changed in the seed churn_risk_bands but not its neighbour.
-- What to do: make each band begin where the previous one ends.
-- noqa: disable=LT02
with

levels as (
    {% for level in var('enums')['risk_level'] -%}
        select
            '{{ level }}' as risk_level,
            {{ loop.index }} as place,
            {{ 25 * loop.index0 }} as score_from,
            {{ 25 * loop.index }} as score_to
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

bands as (
    select
        bands.*,
        levels.place,
        levels.score_from as level_from,
        levels.score_to as level_to,
        lead(bands.probability_from) over (
            partition by bands.model_version
            order by levels.place
        ) as next_from,
        count(*) over (partition by bands.model_version) as bands_of_version
    from {{ ref('churn_risk_bands') }} as bands
    left join levels on bands.risk_level = levels.risk_level
)

select *
from bands
where
    place is null
    or bands_of_version <> {{ var('enums')['risk_level'] | length }}
    or probability_from >= probability_to
    or probability_to <> coalesce(next_from, 1)
    or (place = 1 and probability_from <> 0)
    or score_from <> level_from
    or score_to <> level_to
