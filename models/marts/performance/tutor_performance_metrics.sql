-- One row per tutor, calculation date and window.
-- noqa: disable=LT02

with

windows as (
    select *
    from {{ ref('int_activity__tutor_rolling_windows') }}
    where {{ is_recomputed(day='calculation_day') }}
),

thresholds as (
    select * from {{ ref('performance_tier_thresholds') }}
),

tiers as (
    select * from {{ ref('performance_tiers') }}
),

-- Hundredths of the engagement score, as one row.
weights as (
    select
        {%- for component in ['logins', 'session_engagement', 'punctuality'] %}
        coalesce(max(cast(100 * weight as integer)) filter (where component = '{{ component }}'), 0)
            as {{ component }}_weight
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('engagement_weights') }}
),

-- Mean engagement as a fraction of fixed-point numbers; a half if no session has a score.
scored as (
    select
        *,
        cast(1e12 as {{ type_double() }}) as one,
        cast(greatest(engagement_scores, 1) as {{ type_double() }}) as scores,
        cast(
            case when engagement_scores = 0 then 500000000000 else engagement_sum end as {{ type_double() }}
        ) as score_sum
    from windows
),

metrics as (
    select
        tutor_id,
        calculation_day,
        metric_window,
        sessions,
        sessions_completed,
        no_shows as no_show_count,
        {{ safe_divide('rating_sum', 'ratings') }} as avg_rating,
        {{ safe_divide('first_successes', 'first_ratings') }} as first_session_success_rate,
        {{ safe_divide('reschedules', 'sessions') }} as reschedule_rate,
        {{ safe_divide('no_shows', 'sessions') }} as no_show_rate,
        -- Whole weights over one denominator: one division in doubles keeps a value on a threshold exactly on it, on
        -- every engine.
        {{ safe_divide(
            '(logins_weight * least(logins, sessions) + punctuality_weight * on_time_starts) * scores * one'
            ' + session_engagement_weight * score_sum * sessions',
            '(logins_weight + punctuality_weight + session_engagement_weight) * sessions * scores * one'
        ) }} as engagement_score,
        {{ safe_divide('100 * objectives_met', 'objectives_known') }} as learning_objectives_met_pct,
        {{ mean_of_fixed_point('response_sum', 'responses', 6) }} as response_time_avg_minutes
    from scored
    cross join weights
),

-- The thresholds as one row. Metrics where lower is better are compared with the sign reversed.
bounds as (
    select
        {%- for metric in tier_metrics() %}
        max(case better when 'higher' then 1 else -1 end) filter (
            where metric = '{{ metric }}'
        ) as {{ metric }}_sign,
        max(green_bound) filter (where metric = '{{ metric }}') as {{ metric }}_green,
        max(red_bound) filter (where metric = '{{ metric }}') as {{ metric }}_red
        {{- ',' if not loop.last }}
        {%- endfor %}
    from thresholds
),

-- A metric that is null is neither green nor red.
graded as (
    select
        metrics.*,
        {%- for metric in tier_metrics() %}
        case
            when {{ metric }} * {{ metric }}_sign >= {{ metric }}_green * {{ metric }}_sign then 1
            else 0
        end{{ ' +' if not loop.last }}
        {%- endfor %} as green_metrics,
        {%- for metric in tier_metrics() %}
        case
            when {{ metric }} * {{ metric }}_sign < {{ metric }}_red * {{ metric }}_sign then 1
            else 0
        end{{ ' +' if not loop.last }}
        {%- endfor %} as red_metrics
    from metrics
    cross join bounds
),

counts as (
    select n - 1 as n from ({{ integers_from_one(tier_metrics() | length + 1) }}) as numbers
),

-- The first tier that holds, for every number of green and red metrics.
tier_of_counts as (
    select
        green.n as green_metrics,
        red.n as red_metrics,
        tiers.performance_tier,
        row_number() over (partition by green.n, red.n order by tiers.tier_rank) as place
    from counts as green
    cross join counts as red
    inner join tiers
        on
            green.n >= tiers.min_green
            and red.n between tiers.min_red and tiers.max_red
),

final as (
    select
        {{ surrogate_key(['graded.tutor_id', 'graded.calculation_day', 'graded.metric_window']) }} as metric_id,
        graded.tutor_id,
        {{ utc_midnight('graded.calculation_day') }} as calculation_date,
        graded.metric_window as {{ adapter.quote('window') }},
        graded.sessions_completed,
        graded.avg_rating,
        graded.first_session_success_rate,
        graded.reschedule_rate,
        graded.no_show_count,
        graded.engagement_score,
        graded.learning_objectives_met_pct,
        graded.response_time_avg_minutes,
        tier_of_counts.performance_tier,
        {{ audit_now() }} as created_at,
        {{ audit_now() }} as updated_at
    from graded
    left join tier_of_counts
        on
            graded.green_metrics = tier_of_counts.green_metrics
            and graded.red_metrics = tier_of_counts.red_metrics
            and tier_of_counts.place = 1
            and graded.sessions > 0
)

select * from final
