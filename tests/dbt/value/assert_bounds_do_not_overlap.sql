-- What: no value of a metric is green and red at once.
-- When it fails: a green bound is beyond the red bound in the seed performance_tier_thresholds.
-- What to do: put the green bound on the better side of the red bound.
select *
from {{ ref('performance_tier_thresholds') }}
where
    (better = 'higher' and green_bound < red_bound)
    or (better = 'lower' and green_bound > red_bound)
