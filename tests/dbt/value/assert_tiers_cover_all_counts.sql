-- What: every number of green and red metrics has a tier.
-- When it fails: a change to the seed performance_tiers left a gap.
-- What to do: give the last tier min_green 0, min_red 0 and the largest remaining max_red.
with

counts as (
    select n - 1 as n
    from ({{ integers_from_one(tier_metrics() | length + 1) }}) as numbers
)

select
    green.n as green_metrics,
    red.n as red_metrics
from counts as green
inner join counts as red on green.n + red.n <= {{ tier_metrics() | length }}
left join {{ ref('performance_tiers').render() }} as tiers
    on
        green.n >= tiers.min_green
        and red.n between tiers.min_red and tiers.max_red
where tiers.performance_tier is null
