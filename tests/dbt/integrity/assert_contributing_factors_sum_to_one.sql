-- What: contributing_factors is empty, or its factor groups have shares that sum to 1.
-- When it fails: a factor group is missing in one place, or shares are not of the total.
-- What to do: make churn_factor_groups and the columns of churn_predictions agree.
-- noqa: disable=LT02
with

predictions as (
    select
        *,
        {{ json_is_object('contributing_factors') }} as is_object,
        {% for group in churn_factor_groups() -%}
            coalesce({{ json_number('contributing_factors', group, below=2) }}, 0)
            {{- ' + ' if not loop.last }}
        {% endfor %} as share_sum
    from {{ ref('churn_predictions') }}
)

select *
from predictions
where
    not is_object
    or (abs(share_sum - 1) > 0.000000001 and contributing_factors <> {{ text_as_json("'{}'") }})
