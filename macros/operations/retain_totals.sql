{% macro is_leaving(session_id) -%}
    {{ session_id }} in (select leaving_sessions.session_id from leaving_sessions)
    and {{ is_not_retained(session_id) }}
{%- endmacro %}

{% macro retain_tutor_days() -%}
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

{% macro retain_pending_ratings() -%}
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

select tutor_id, session_day, submitted_day, ratings, rating_sum, first_ratings, first_successes
from feedback_after_session_day
{%- endmacro %}

{% macro retain_clock() -%}
select
    activity.first_activity_day,
    least(activity.last_activity_day, {{ add_days('clock.as_of_date', -1) }}) as last_activity_day
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

{#- Version 0.1.0 kept one row a feedback. -#}
{% macro sum_pending_feedback() -%}
    {%- set sums = source_relation('archive', 'retained_pending_ratings') -%}
    {%- set old = adapter.get_relation(sums.database, sums.schema, 'retained_pending_feedback') -%}
    {%- if old is not none -%}
        {%- if schema_prefix() and run_query('select 1 from ' ~ old ~ ' limit 1').rows | length -%}
            {{ exceptions.raise_compiler_error(
                "The table " ~ old ~ " is of an earlier version: build the warehouse itself, without a prefix, before a"
                ~ " developer's copy."
            ) }}
        {%- elif not schema_prefix() -%}
            {%- set summed -%}
                insert into {{ sums }} (
                    tutor_id, session_day, submitted_day, ratings, rating_sum, first_ratings, first_successes
                )
                select
                    tutor_id,
                    session_day,
                    submitted_day,
                    count(*),
                    sum(overall_rating),
                    count(first_session_rating),
                    count(*) filter (where first_session_rating >= {{ var('first_session_success_rating') }})
                from {{ old }}
                group by tutor_id, session_day, submitted_day
            {%- endset -%}
            {%- do run_in_transaction(build_lock() ~ summed) -%}
            {%- do run_and_commit('drop table ' ~ old) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
