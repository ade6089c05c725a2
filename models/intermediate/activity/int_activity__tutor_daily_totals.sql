-- One row per tutor and UTC day with a session or an event: the totals of the day, retained totals included.
-- Feedback counts on the day of its session, whenever it was submitted.
-- noqa: disable=LT02

with

published as (
    select *
    from {{ ref('sessions') }}
    where {{ is_recomputed(instant='scheduled_start') }}
),

sessions as (
    select *
    from published
    where {{ is_not_retained('published.session_id') }}
),

student_feedback as (
    select * from {{ ref('student_feedback') }}
),

tutor_events as (
    select *
    from {{ ref('tutor_events') }}
    where {{ is_recomputed(instant='event_timestamp') }}
),

retained as (
    select *
    from {{ source('archive', 'retained_tutor_days') }}
    where {{ is_recomputed() }}
),

{{ aggregate_tutor_days() }},

summed_or_retained as (
    select
        tutor_id,
        activity_day
        {%- for measure in day_measures() %},
        {{ measure }}
        {%- endfor %}
    from summed
    union all
    select
        tutor_id,
        activity_day
        {%- for measure in day_measures() %},
        {{ measure }}
        {%- endfor %}
    from retained
),

final as (
    select
        tutor_id,
        activity_day
        {%- for measure, type in day_measures().items() %},
        cast(coalesce(sum({{ measure }}), 0) as {{ type }}) as {{ measure }}
        {%- endfor %}
    from summed_or_retained
    group by tutor_id, activity_day
)

select * from final
