-- What: the seed churn_features has exactly one row for each feature of the macro, with its factor group.
-- When it fails: a feature was added only to the seed or only to the macro churn_features.
-- What to do: make them agree.
-- noqa: disable=LT02
with

expected as (
    {% for feature, factor_group in churn_features().items() -%}
        select
            '{{ feature }}' as feature,
            '{{ factor_group }}' as factor_group
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    expected.feature as feature_of_macro,
    explained.feature as feature_of_seed
from expected
full outer join {{ ref('churn_features').render() }} as explained
    on
        expected.feature = explained.feature
        and expected.factor_group = explained.factor_group
where expected.feature is null or explained.feature is null
