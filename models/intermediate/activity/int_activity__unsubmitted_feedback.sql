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
    from {{ source('archive', 'retained_pending_ratings') }}
    where {{ is_recomputed(day='session_day', lookback=longest_window()) }}
),

{{ feedback_after_session_day() }},

late_or_retained as (
    select
        tutor_id,
        session_day,
        submitted_day,
        ratings,
        rating_sum,
        first_ratings,
        first_successes
    from feedback_after_session_day
    union all
    select
        tutor_id,
        session_day,
        submitted_day,
        ratings,
        rating_sum,
        first_ratings,
        first_successes
    from retained
),

ages as (
    {{ integers_from_one(longest_window()) }}
),

-- One row per days of session and submission, and calculation date within the longest window between them.
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
        {%- for window, days in var('metric_windows').items() %}
        {%- for column, measure in {
            'pending_ratings': 'ratings',
            'pending_rating_sum': 'rating_sum',
            'pending_first_ratings': 'first_ratings',
            'pending_first_successes': 'first_successes'
        }.items() %},
        cast(
            coalesce(sum({{ measure }}) filter (where age_days <= {{ days }}), 0) as bigint
        ) as {{ column }}_{{ window }}
        {%- endfor %}
        {%- endfor %}
    from pending
    where {{ is_recomputed() }}
    group by tutor_id, calculation_day
)

select * from final
