-- One row per active tutor and prediction date, as long as predictions are kept.
-- noqa: disable=LT02
{% set intervals = range(churn_intervals() | length) %}

with

featured as (
    select *
    from {{ ref('int_churn__features') }}
    where {{ is_recomputed(day='prediction_day') }}
),

coefficients as (
    select * from {{ ref('churn_model_coefficients') }}
),

bands as (
    select * from {{ ref('churn_risk_bands') }}
),

clock as (
    select * from {{ ref('int_activity__calculation_dates') }}
),

standing as (
    {{ standing_versions() }}
),

weights as (
    {{ pivot_shapes() }}
),

to_score as (
    select
        featured.*,
        coalesce(standing.model_version, '{{ var('churn_model_version') }}') as model_version
    from featured
    inner join clock on featured.prediction_day >= {{ retention_start('clock.as_of_date') }}
    left join standing on standing.prediction_date = {{ utc_midnight('featured.prediction_day') }}
),

-- How far each feature reaches into each segment of its shape: shapes end at their outermost knots.
measured as {{ evaluate_once() }} (
    select
        to_score.tutor_id,
        to_score.prediction_day,
        to_score.model_version,
        to_score.days_since_last_session as silent_days
        {%- for feature in churn_features() %},
        {{- within_segments(feature) }}
        {%- endfor %}
    from to_score
    inner join weights on to_score.model_version = weights.model_version
),

weighed as {{ evaluate_once() }} (
    select
        measured.tutor_id,
        measured.prediction_day,
        measured.model_version,
        measured.silent_days
        {%- for interval in intervals %},
        weights.intercept_{{ interval }}
        {%- for group in churn_factor_groups() %},
        {{ group_log_odds(interval, group) }} as {{ group }}_{{ interval }}
        {%- endfor %}
        {%- endfor %}
    from measured
    inner join weights on measured.model_version = weights.model_version
),

hazards as {{ evaluate_once() }} (
    select
        *
        {%- for interval in intervals %},
        {{ logistic(log_odds(interval)) }} as hazard_{{ interval }}
        {%- endfor %}
    from weighed
),

survived as (
    select
        *
        {%- for interval in intervals %},
        {{ survival(interval) }} as survival_{{ interval }}
        {%- endfor %}
    from hazards
),

explained as {{ evaluate_once() }} (
    select
        tutor_id,
        prediction_day,
        model_version,
        silent_days
        {%- for interval in intervals %},
        survival_{{ interval }}
        {%- endfor %}
        {%- for group in churn_factor_groups() %},
        {{ thirty_day_rise(group) }} as {{ group }}
        {%- endfor %}
    from survived
),

shared as (
    select
        explained.*,
        1 - explained.survival_2 as probability,
        nullif({{ churn_factor_groups() | join(' + ') }}, 0) as all_groups
    from explained
),

scored as {{ evaluate_once() }} (
    select
        shared.*,
        {{ churn_score('shared.probability', 'bands') }} as churn_score
    from shared
    inner join bands
        on
            shared.model_version = bands.model_version
            and shared.probability >= bands.probability_from
            and (shared.probability < bands.probability_to or bands.probability_to = 1)
),

final as (
    select
        {{ surrogate_key(['scored.tutor_id', 'scored.prediction_day']) }} as prediction_id,
        scored.tutor_id,
        {{ utc_midnight('scored.prediction_day') }} as prediction_date,
        scored.churn_score,
        bands.risk_level,
        1 - scored.survival_0 as window_1day_probability,
        1 - scored.survival_1 as window_7day_probability,
        1 - scored.survival_2 as window_30day_probability,
        1 - scored.survival_3 as window_90day_probability,
        {{ shares_of_risk('scored') }} as contributing_factors,
        scored.model_version,
        {{ audit_now() }} as created_at,
        {{ audit_now() }} as updated_at,
        cast(scored.silent_days as integer) as silent_days
    from scored
    inner join bands
        on
            scored.model_version = bands.model_version
            and scored.churn_score <= bands.score_to
            and (scored.churn_score > bands.score_from or bands.score_from = 0)
    {{ kept_predictions() }}
)

select * from final
