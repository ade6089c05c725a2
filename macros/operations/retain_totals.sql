{% macro is_leaving(session_id) -%}
    {{ session_id }} in (select leaving_sessions.session_id from leaving_sessions)
    and {{ is_not_retained(session_id) }}
{%- endmacro %}

{% macro retain_tutor_days() -%}
insert into {{ source('archive', 'retained_tutor_days') }} (
    tutor_id, activity_day, {{ day_measures().keys() | join(', ') }}
)
with

sessions as (
    select * from {{ ref('sessions') }} as published
    where {{ is_leaving('published.session_id') }}
),

student_feedback as (
    select * from {{ ref('student_feedback') }}
    where session_id in (select sessions.session_id from sessions)
),

tutor_events as (
    select * from {{ ref('tutor_events') }}
    where false
),

{{ aggregate_tutor_days() }}

select tutor_id, activity_day, {{ day_measures().keys() | join(', ') }}
from summed
{%- endmacro %}

{% macro retain_pending_feedback() -%}
insert into {{ source('archive', 'retained_pending_feedback') }} (
    tutor_id, session_day, submitted_day, overall_rating, first_session_rating
)
with

sessions as (
    select * from {{ ref('sessions') }} as published
    where {{ is_leaving('published.session_id') }}
),

student_feedback as (
    select * from {{ ref('student_feedback') }}
    where session_id in (select sessions.session_id from sessions)
),

{{ feedback_after_session_day() }}

select tutor_id, session_day, submitted_day, overall_rating, first_session_rating
from feedback_after_session_day
{%- endmacro %}

{% macro retain_clock() -%}
insert into {{ source('archive', 'retained_clock') }} (first_activity_day, last_activity_day)
select
    activity.first_activity_day,
    least(activity.last_activity_day, {{ add_days('clock.as_of_date', -1) }})
from (
    select
        {{ utc_day('min(happened_at)') }} as first_activity_day,
        {{ utc_day('max(happened_at)') }} as last_activity_day
    from (
        select actual_start as happened_at
        from {{ ref('sessions') }}
        where session_id in (select leaving_sessions.session_id from leaving_sessions)
        union all
        select submitted_at as happened_at
        from {{ ref('student_feedback') }}
        where session_id in (select leaving_sessions.session_id from leaving_sessions)
        union all
        select event_timestamp as happened_at
        from {{ ref('tutor_events') }}
        where event_id in (select leaving_events.event_id from leaving_events)
    ) as instants
) as activity
cross join (
    select as_of_date
    from {{ log_relation('change_log') }}
    where as_of_date is not null
    order by build_number desc
    limit 1
) as clock
where activity.first_activity_day is not null
{%- endmacro %}
