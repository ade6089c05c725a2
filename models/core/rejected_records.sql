-- One row per raw row that is not published: it breaks a rule, is superseded, unreadable, or of
-- an erased person, and then without its values.
-- noqa: disable=LT02
{% set keys = {
    'tutors': 'tutor_id',
    'students': 'student_id',
    'sessions': 'session_id',
    'student_feedback': 'feedback_id',
    'tutor_events': 'event_id',
    'interventions': 'intervention_id'
} %}

with

{% for table, key in keys.items() %}
{{ table }} as (
    select
        {{ dbt.string_literal(table) }} as source_table,
        {{ key }} as record_key,
        reasons,
        case
            when {{ text_array_contains('reasons', 'erased') }} then {{ text_as_json("'{}'") }}
            else {{ row_as_json(source_columns()[table] | default([])) }}
        end as record,
        loaded_at,
        duplicate_number as place,
        cast(null as {{ dbt.type_string() }}) as raw_record
    from {{ ref('stg_tutormax__' ~ table) }}
    where
        not is_accepted
        and ({{ is_recomputed() }} or {{ key }} is null and {{ text_array_contains('reasons', 'erased') }})
),
{% endfor %}

unreadable as (
    select
        source_table,
        {{ unreadable_key(keys) }} as record_key,
        case
            when error = 'erased' then {{ text_array(['erased']) }}
            else {{ text_array(['unreadable']) }}
        end as reasons,
        {{ text_as_json('record') }} as record,
        _loaded_at as loaded_at,
        cast(null as bigint) as place,
        record as raw_record
    from {{ source('load', 'unreadable_rows') }}
),

rejected as (
    {% for table in keys %}
    select * from {{ table }}
    union all
    {% endfor %}
    select * from unreadable
),

-- A load may have copies of a row: number them.
numbered as (
    select
        *,
        row_number() over (
            partition by source_table, record_key, loaded_at, {{ text_array_join('reasons') }}
            order by place, {{ by_code_point('raw_record') }}
        ) as duplicate_number
    from rejected
),

final as (
    select
        {{ surrogate_key([
            warehouse_secret(),
            'source_table',
            'record_key',
            epoch_microseconds('loaded_at'),
            text_array_join('reasons'),
            'duplicate_number'
        ]) }} as rejected_record_id,
        source_table,
        record_key,
        reasons,
        record,
        loaded_at,
        {{ audit_now() }} as rejected_at
    from numbered
)

select * from final
