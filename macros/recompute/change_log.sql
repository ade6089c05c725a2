{% macro log_change(values, relation=none) -%}
    insert into {{ log_relation('change_log') }} (build_number, {{ values.keys() | join(', ') }})
    select {{ this_build() }}, {{ values.values() | join(', ') }}
    {{ 'from ' ~ relation if relation }}
{%- endmacro %}

{% macro dated_sources() -%}
    {{ return({
        'tutors': {'key': 'tutor_id', 'instants': ['onboarding_date'], 'only_if_moved': true, 'cascades': true},
        'students': {'key': 'student_id', 'instants': [], 'cascades': true},
        'sessions': {'key': 'session_id', 'instants': ['scheduled_start', 'actual_start']},
        'student_feedback': {
            'key': 'feedback_id', 'instants': ['scheduled_start'], 'of': 'sessions', 'by': 'session_id'
        },
        'tutor_events': {'key': 'event_id', 'instants': ['event_timestamp']},
        'interventions': {'key': 'intervention_id', 'instants': []}
    }) }}
{%- endmacro %}

{% macro pending_changes(table) -%}
    {#- render(): the whole table, also with `--empty`. -#}
    {%- set staging = ref('stg_tutormax__' ~ table).render() -%}
    {%- set version = {} if is_unit_test() or not execute else comparable_version(table) -%}
    {%- set published = version.relation -%}
    {%- set dated = dated_sources()[table] -%}
    {%- set key = dated.key -%}
    {%- if not version %}
    select
        '{{ table }}' as source_table,
        cast(0 as bigint) as rows_published,
        cast(0 as bigint) as rows_removed,
        {%- if since_build() == -1 %}
        cast(null as date) as first_changed_day
        {%- else %}
        (select min(date '0001-01-01') from ({{ changed_keys(table) }}) as changed) as first_changed_day
        {%- endif %}
    {%- elif is_everything_published() %}
    select
        '{{ table }}' as source_table,
        count(*) as rows_published,
        count(*) filter (where accepted.record_key is null) as rows_removed,
        date '0001-01-01' as first_changed_day
    from {{ published }} as old_rows
    left join {{ staging }} as accepted on old_rows.{{ key }} = accepted.record_key and accepted.is_accepted
    {%- else %}
    with

    old_rows as (
        {{ rows_within(published, 'target_rows.' ~ key ~ ' in (' ~ changed_keys(table) ~ ')') }}
    ),

    new_rows as (
        select * from {{ staging }} where is_accepted and changed_in_build > {{ since_build() }}
    )
        {%- if dated.of %},

    old_parents as (
        {{ rows_within(
            comparable_version(dated.of).relation,
            'target_rows.' ~ dated.by ~ ' in (select ' ~ dated.by ~ ' from old_rows)'
        ) }}
    ),

    new_parents as (
        {{ rows_within(
            ref('stg_tutormax__' ~ dated.of).render(),
            'target_rows.is_accepted and target_rows.record_key in (select ' ~ dated.by ~ ' from new_rows)'
        ) }}
    )
        {%- endif %}

    select
        '{{ table }}' as source_table,
        (select count(*) from {{ published }}) as rows_published,
        count(*) filter (where new_rows.{{ key }} is null) as rows_removed,
        {%- if table == 'tutors' %}
        least({{ first_changed_day_of(table, key, version) }}, {{ first_changed_pace() }}) as first_changed_day
        {%- else %}
        {{ first_changed_day_of(table, key, version) }} as first_changed_day
        {%- endif %}
    from old_rows
    full outer join new_rows on old_rows.{{ key }} = new_rows.{{ key }}
        {%- if dated.of %}
    left join old_parents on old_rows.{{ dated.by }} = old_parents.{{ dated.by }}
    left join new_parents on new_rows.{{ dated.by }} = new_parents.{{ dated.by }}
        {%- endif %}
    {%- endif %}
{%- endmacro %}

{% macro first_changed_day_of(table, key, version) -%}
    {%- set dated = dated_sources()[table] -%}
    {%- set sides = ['old_parents', 'new_parents'] if dated.of else ['old_rows', 'new_rows'] -%}
    {%- set days = [] -%}
    {%- set moved = [] -%}
    {%- for instant in dated.instants -%}
        {%- do days.extend([utc_day(sides[0] ~ '.' ~ instant), utc_day(sides[1] ~ '.' ~ instant)]) -%}
        {%- do moved.append(sides[0] ~ '.' ~ instant ~ ' is distinct from ' ~ sides[1] ~ '.' ~ instant) -%}
    {%- endfor -%}
    {%- set columns = version.columns | reject('equalto', key) | list -%}
    {%- if dated.cascades -%}
        case when count(*) filter (where new_rows.{{ key }} is null) > 0 then date '0001-01-01' else
    {%- endif %}
    {% if days -%}
        min(least({{ days | join(', ') }})) filter (
            where {{ not version.is_whole }} or old_rows.{{ key }} is null or new_rows.{{ key }} is null
            or {{ moved | join(' or ') if dated.only_if_moved else row_differs('old_rows', 'new_rows', columns) }}
        )
    {%- else -%}
        cast(null as date)
    {%- endif %}
    {{- ' end' if dated.cascades }}
{%- endmacro %}

{#- As first_changed_day_of says only when a tutor was onboarded; none before the first build of the model. -#}
{% macro first_changed_pace() -%}
    {%- set known = own_relation('core__agreed_paces') -%}
    {%- if load_cached_relation(known) is none -%}
        cast(null as date)
    {%- else -%}
        (
            select min(coalesce(old_paces.first_day, new_paces.first_day))
            from ({{ rows_within(known, 'target_rows.tutor_id in (' ~ changed_keys('tutors') ~ ')') }}) as old_paces
            full outer join (
                {{ agreed_paces(ref('stg_tutormax__tutors').render(), 'changed_in_build > ' ~ since_build()) }}
            ) as new_paces
                on old_paces.tutor_id = new_paces.tutor_id and old_paces.first_day = new_paces.first_day
            where
                old_paces.tutor_id is null or new_paces.tutor_id is null
                or old_paces.agreed_sessions_per_week is distinct from new_paces.agreed_sessions_per_week
        )
    {%- endif -%}
{%- endmacro %}

{% macro log_pending_changes() -%}
    {%- if execute and this_run() -%}
        {%- do log_pending(this) -%}
        {%- do kept_for_the_run('logged').update({'sources': true}) -%}
        {%- do mark_unchanged() -%}
    {%- endif -%}
{%- endmacro %}

{% macro ensure_logged_changes() -%}
    {%- set tables = recompute_unit().get('changed_in', []) -%}
    {%- if execute and this_run() and tables | length == 1 and not kept_for_the_run('logged').sources -%}
        {%- do log_pending('(' ~ pending_changes(tables[0]) ~ ') as pending') -%}
    {%- endif -%}
{%- endmacro %}

{% macro log_pending(relation) -%}
    {%- for row in run_query('select source_table, rows_removed, rows_published from ' ~ relation ~ ' order by 1').rows -%}
        {%- do fail_on_mass_delete(own_relation(row[0]).schema ~ '.' ~ row[0], row[1] | int, row[2] | int) -%}
    {%- endfor -%}
    {%- do run_query(log_change(
        {'subject': 'source_table', 'first_changed_day': 'first_changed_day', 'rows_removed': 'rows_removed'},
        relation ~ ' where first_changed_day is not null or rows_removed > 0'
    )) -%}
{%- endmacro %}

{% macro log_calculation_dates() -%}
    {%- if execute and this_run() and not reads_some_rows() -%}
        {%- do run_query(log_change({
            'subject': "'calculation_dates'",
            'first_calculation_date': 'first_calculation_date',
            'as_of_date': 'as_of_date',
            'sessions_known_before': 'sessions_known_before'
        }, this)) -%}
        {%- if since_build() != -1 and not changes().dates_moved -%}
            {%- do mark_unchanged() -%}
        {%- endif -%}
        {#- Last: what this model asks is not to be kept, as changes of sources may be logged beside it. -#}
        {%- do kept_for_the_run('logged').update({'calculation_dates': true}) -%}
    {%- endif -%}
{%- endmacro %}

{% macro changes() -%}
    {%- set known = kept_for_the_run('changes') -%}
    {%- set logged = kept_for_the_run('logged') -%}
    {%- set asked = 'once' if logged.sources and logged.calculation_dates else model.name -%}
    {%- if asked not in known -%}
        {%- set question -%}
            select
                cast(coalesce(least(min(first_changed_day), min(case
                    when has_moved_first then date '0001-01-01'
                    when earliest <> as_of_date then earliest
                end), min(case when has_moved_known then earliest_known end)), date '9999-12-31') as varchar(10)) as first_day,
                cast(coalesce({{ retention_start('max(as_of_date)') }}, date '0001-01-01') as varchar(10)) as expired,
                cast(max(as_of_date) as varchar(10)) as last_day,
                max(
                    case when has_moved_first or has_moved_known or earliest <> as_of_date then 1 else 0 end
                ) as dates_moved
            from (
                select
                    case when build_number > {{ since_build() }} then first_changed_day end as first_changed_day,
                    as_of_date,
                    min(as_of_date) over () as earliest,
                    subject = 'calculation_dates' and min(first_calculation_date) over (partition by subject)
                    is distinct from first_calculation_date as has_moved_first,
                    min(sessions_known_before) over () as earliest_known,
                    subject = 'calculation_dates' and min(sessions_known_before) over (partition by subject)
                    is distinct from sessions_known_before as has_moved_known
                from {{ log_relation('change_log') }}
                where
                    build_number > {{ since_build() }}
                    or (subject = 'calculation_dates' and build_number = (
                        select max(build_number) from {{ log_relation('change_log') }}
                        where subject = 'calculation_dates' and build_number <= {{ since_build() }}
                    ))
            ) as logged
        {%- endset -%}
        {%- set row = run_query(question).rows[0] -%}
        {%- do known.update({asked: {
            'first_day': "date '" ~ row[0] ~ "'",
            'expired': "date '" ~ row[1] ~ "'",
            'last_day': row[2],
            'dates_moved': row[3] == 1
        }}) -%}
    {%- endif -%}
    {{ return(known[asked]) }}
{%- endmacro %}

{% macro is_everything_published() -%}
    {%- set known = kept_for_the_run('everything_published') -%}
    {%- set asked = 'once' if kept_for_the_run('logged').sources else model.name -%}
    {%- if since_build() != -1 and asked not in known -%}
        {%- do known.update({asked: run_query(
            'select count(*) from ' ~ log_relation('change_log') ~ " where subject in ('tutors', 'students')"
            ~ ' and rows_removed > 0 and build_number > ' ~ since_build()
        ).rows[0][0] | int > 0}) -%}
    {%- endif -%}
    {{ return(since_build() == -1 or known[asked]) }}
{%- endmacro %}

{% macro fail_on_mass_delete(table, rows_removed, rows_published) -%}
    {%- if rows_removed >= var('min_delete_rows')
        and rows_removed > var('max_delete_share') * rows_published
        and not var('allow_mass_delete') -%}
        {{ exceptions.raise_compiler_error(
            "This build would remove " ~ rows_removed ~ " of the " ~ rows_published ~ " rows of " ~ table
            ~ ", so it stopped and changed no published table: load what is missing in raw, or pass "
            ~ "--vars '{allow_mass_delete: true}' if they must go."
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro mark_unchanged() -%}
    {%- do kept_for_the_run('unchanged').update({model.unique_id: true}) -%}
{%- endmacro %}
