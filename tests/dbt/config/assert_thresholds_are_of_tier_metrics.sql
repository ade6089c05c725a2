-- What: the seed performance_tier_thresholds has one row for each metric the tier looks at, and no other.
-- When it fails: a metric was added to the seed or to the macro tier_metrics, not to both.
-- What to do: make them agree.
-- noqa: disable=LT02
with

expected as (
    {% for metric in tier_metrics() -%}
        select '{{ metric }}' as metric
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    expected.metric as tier_metric,
    thresholds.metric as threshold_metric
from expected
full outer join {{ ref('performance_tier_thresholds') }} as thresholds
    on expected.metric = thresholds.metric
where expected.metric is null or thresholds.metric is null
