{% macro log_arrivals(results) -%}
    {%- set done = [] -%}
    {%- for result in results if result.status | string == 'success' -%}
        {%- do done.append(result.node.name) -%}
    {%- endfor -%}
    {%- set rejected = kept_for_the_run('changed_rows').get(latest_version_of('rejected_records').alias, {}) -%}
    {%- if 'rejected_records' in done and not reads_some_rows() and (
        this_run().arrived.values() | select | list or rejected.get('inserted', 0) != 0
    ) %}
    insert into {{ report_relation('tutormax_arrivals') }} (
        build_number, source_table, rows_arrived, rows_rejected, reasons, is_over_limit, rows_dated_ahead
    )
    with

    {{ rejected_arrivals() }},

    raw_rows as (
        {%- for table in dated_sources() %}
        select '{{ table }}' as source_table, _loaded_at as loaded_at from {{ raw_rows(table) }}
        union all
        {%- endfor %}
        select source_table, _loaded_at as loaded_at from {{ source('load', 'unreadable_rows') }}
    ),

    arrived as (
        select raw_rows.source_table, count(*) as rows_arrived
        from raw_rows
        left join before on raw_rows.source_table = before.source_table
        where before.loaded_through is null or raw_rows.loaded_at > before.loaded_through
        group by raw_rows.source_table
    ),

    counted as (
        select
            source_table,
            sum(n) as rows_rejected,
            max(case when place = 1 then reason || ' ' || n end)
            || coalesce(', ' || max(case when place = 2 then reason || ' ' || n end), '')
            || coalesce(', ' || max(case when place = 3 then reason || ' ' || n end), '') as reasons
        from ranked
        group by source_table
    ),

    dated_ahead as (
        {%- for table in ['sessions', 'student_feedback', 'tutor_events'] %}
        select '{{ table }}' as source_table, count(*) as n
        from {{ latest_version_of('stg_tutormax__' ~ table).relation_name }}
        where is_accepted and is_dated_ahead
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    )

    select
        {{ this_build() }},
        arrived.source_table,
        arrived.rows_arrived,
        coalesce(counted.rows_rejected, 0),
        counted.reasons,
        coalesce(counted.rows_rejected, 0) > {{ var('max_rejected_share') }} * arrived.rows_arrived,
        coalesce(dated_ahead.n, 0)
    from arrived
    left join counted on arrived.source_table = counted.source_table
    left join dated_ahead on arrived.source_table = dated_ahead.source_table
    {%- endif %}
{%- endmacro %}

{% macro rejected_arrivals() -%}
    before as (
        select source_table, max(loaded_through) as loaded_through
        from {{ log_relation('build_log') }}
        where build_number < {{ this_build() }}
        group by source_table
    ),

    rejected as (
        select
            records.source_table,
            {{ text_array_join('records.reasons', ' + ') }} as reason,
            count(*) as n,
            min(case
                when not {{ text_array_contains('records.reasons', 'erased') }}
                    then {{ by_code_point('records.record_key') }}
            end) as example
        from {{ latest_version_of('rejected_records').relation_name }} as records
        left join before on records.source_table = before.source_table
        where before.loaded_through is null or records.loaded_at > before.loaded_through
        group by 1, 2
    ),

    ranked as (
        select
            *,
            row_number() over (partition by source_table order by n desc, {{ by_code_point('reason') }}) as place
        from rejected
        where reason <> 'superseded'
    )
{%- endmacro %}

{% macro warn_of_rejections() -%}
    {%- set rows -%}
        with

        {{ rejected_arrivals() }}

        select arrivals.source_table, arrivals.rows_arrived, arrivals.rows_rejected, ranked.n, ranked.reason, ranked.example
        from {{ report_relation('tutormax_arrivals') }} as arrivals
        inner join ranked on arrivals.source_table = ranked.source_table and ranked.place <= 3
        where arrivals.is_over_limit and arrivals.build_number = {{ this_build() }}
        order by arrivals.source_table, ranked.place
    {%- endset -%}
    {%- set warnings = {} -%}
    {%- for table, arrived, rejected, n, reason, example in run_query(rows).rows -%}
        {%- do warnings.setdefault(
            rejected | int ~ " of the " ~ arrived | int ~ " rows of " ~ table ~ " that arrived are rejected", []
        ).append(reason ~ " " ~ n | int ~ (" (such as " ~ example[:50] ~ ")" if example else "")) -%}
    {%- endfor -%}
    {%- for warning, reasons in warnings.items() -%}
        {%- do exceptions.warn(warning ~ ": " ~ reasons | join(", ") ~ ". See rejected_records.") -%}
    {%- endfor -%}
{%- endmacro %}

{% macro warn_of_erased() -%}
    {%- set n = run_query(
        "select count(*) from " ~ latest_version_of('rejected_records').relation_name
        ~ " where record_key is not null and " ~ text_array_contains('reasons', 'erased')
    ).rows[0][0] | int -%}
    {%- if n > 0 -%}
        {%- do exceptions.warn(
            n ~ (" row" if n == 1 else " rows") ~ " of erased people came back to raw by another loader than"
            ~ " `tutormax load`, and are rejected as erased. Run `tutormax erase --returned --target "
            ~ target.name ~ "` to remove their values from raw, or `tutormax erase (tutor|student) ID"
            ~ " --allow-again` to accept rows of a person again."
        ) -%}
    {%- endif -%}
{%- endmacro %}
