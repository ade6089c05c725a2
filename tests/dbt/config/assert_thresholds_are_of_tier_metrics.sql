-- What: the seed performance_tier_thresholds has exactly one row for each metric that decides the tier.
-- When it fails: a metric was added only to the seed or only to the macro tier_metrics.
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
full outer join {{ ref('performance_tier_thresholds').render() }} as thresholds
    on expected.metric = thresholds.metric
where expected.metric is null or thresholds.metric is null
