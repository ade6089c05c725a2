-- One row per tutor and calculation date with unsubmitted feedback: its totals for each window. Its session is
-- before the date, its submission on the date or later.
-- noqa: disable=LT02

with

published as (
    select *
    from {{ ref('sessions') }}
    where {{ is_recomputed(instant='scheduled_start', lookback=longest_window()) }}
),

sessions as (
    select *
    from published
    where {{ is_not_retained('published.session_id') }}
),

-- Feedback submitted before the first recomputed day is not pending on any of these days.
student_feedback as (
    select *
    from {{ ref('student_feedback') }}
    where {{ is_recomputed(instant='submitted_at') }}
),

retained as (
    select *
    from {{ source('archive', 'retained_pending_feedback') }}
    where {{ is_recomputed(day='session_day', lookback=longest_window()) }}
),

{{ feedback_after_session_day() }},

late_or_retained as (
    select
        tutor_id,
        session_day,
        submitted_day,
        overall_rating,
        first_session_rating
    from feedback_after_session_day
    union all
    select
        tutor_id,
        session_day,
        submitted_day,
        overall_rating,
        first_session_rating
    from retained
),

ages as (
    {{ integers_from_one(longest_window()) }}
),

-- One row per feedback and calculation date within the longest window on which it was unsubmitted.
pending as (
    select
        late_or_retained.*,
        ages.n as age_days,
        {{ add_days('late_or_retained.session_day', 'ages.n') }} as calculation_day
    from late_or_retained
    inner join ages
        on {{ add_days('late_or_retained.session_day', 'ages.n') }} <= late_or_retained.submitted_day
),

final as (
    select
        tutor_id,
        calculation_day
        {%- for window, days in var('metric_windows').items() %},
        count(*) filter (where age_days <= {{ days }}) as pending_ratings_{{ window }},
        coalesce(
            sum(overall_rating) filter (where age_days <= {{ days }}), 0
        ) as pending_rating_sum_{{ window }},
        count(first_session_rating) filter (
            where age_days <= {{ days }}
        ) as pending_first_ratings_{{ window }},
        count(*) filter (
            where
                age_days <= {{ days }}
                and first_session_rating >= {{ var('first_session_success_rating') }}
        ) as pending_first_successes_{{ window }}
        {%- endfor %}
    from pending
    where {{ is_recomputed() }}
    group by tutor_id, calculation_day
)

select * from final
