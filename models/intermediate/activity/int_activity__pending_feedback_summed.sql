-- One row per tutor and calculation date with pending feedback: its sums for each window. Pending is
-- feedback whose session lies before the date and that was submitted on the date or later.
-- noqa: disable=LT02

with

sessions as (
    select
        session_id,
        tutor_id,
        session_number,
        {{ utc_day('scheduled_start') }} as session_day
    from {{ ref('sessions') }}
    where {{ happened_since_restated('scheduled_start', reach=longest_window()) }}
),

student_feedback as (
    select
        session_id,
        overall_rating,
        {{ utc_day('submitted_at') }} as submitted_day
    from {{ ref('student_feedback') }}
),

-- Most feedback is submitted on the day of its session and is never pending.
late_feedback as (
    select
        sessions.tutor_id,
        sessions.session_day,
        student_feedback.submitted_day,
        student_feedback.overall_rating,
        case
            when sessions.session_number = 1 then student_feedback.overall_rating
        end as first_session_rating
    from student_feedback
    inner join sessions on student_feedback.session_id = sessions.session_id
    where student_feedback.submitted_day > sessions.session_day
),

ages as (
    {{ integers_from_one(longest_window()) }}
),

-- One row per late feedback and calculation date on which it was pending, as far as a window reaches.
pending as (
    select
        late_feedback.*,
        ages.n as age_days,
        {{ add_days('late_feedback.session_day', 'ages.n') }} as calculation_day
    from late_feedback
    inner join ages
        on {{ add_days('late_feedback.session_day', 'ages.n') }} <= late_feedback.submitted_day
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
    where {{ is_restated('calculation_day') }}
    group by tutor_id, calculation_day
)

select * from final
