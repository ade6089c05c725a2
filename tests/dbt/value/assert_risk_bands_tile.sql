-- What: the risk bands of each model version follow one another from probability 0 to 1 and from score 0 to
-- 100, in the order of the risk levels.
-- When it fails: a band was changed in the seed churn_risk_bands and its neighbour was not.
-- What to do: let each band begin where the one before it ends.
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
