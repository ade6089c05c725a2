{% macro end_build(results) -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed') and is_run_own() and (this_run() or flags.WHICH == 'seed') -%}
        {%- set arrivals = log_arrivals(results) if flags.WHICH in ('build', 'run') else '' -%}
        {%- for statement in [completed_models(results), arrivals, reported_run(results)] if statement | trim -%}
            {%- do run_and_commit(statement) -%}
        {%- endfor -%}
        {%- do ensure_replica_identity() -%}
        {%- if arrivals | trim -%}
            {%- do warn_of_rejections() -%}
        {%- endif -%}
        {%- if this_run().get('has_tombstones') and flags.WHICH in ('build', 'run') -%}
            {%- do warn_of_erased() -%}
        {%- endif -%}
        {%- do name_lock_holders(results) -%}
    {%- endif -%}
{%- endmacro %}

{% macro reported_run(results) -%}
    {%- set rows = [] -%}
    {%- for result in results if result.node.resource_type == 'model' and result.node.package_name == 'tutormax' -%}
        {%- set node = result.node -%}
        {%- set is_done = result.status | string == 'success' -%}
        {%- set changed = kept_for_the_run('changed_rows').get(node.alias, {}) -%}
        {%- if is_done and not changed and node.config.materialized == 'incremental' -%}
            {%- set changed = {
                'inserted': '(select count(*) from ' ~ node.relation_name ~ ')', 'updated': 0, 'deleted': 0
            } -%}
        {%- endif -%}
        {%- do rows.append([
            dbt.string_literal(node.alias),
            'cast(' ~ (this_build() if is_done else 'null') ~ ' as bigint)',
            dbt.string_literal(result.status | string),
            result.execution_time,
            'cast(' ~ changed.get('inserted', 'null') ~ ' as bigint)',
            'cast(' ~ changed.get('updated', 'null') ~ ' as bigint)',
            'cast(' ~ changed.get('deleted', 'null') ~ ' as bigint)'
        ]) -%}
    {%- endfor -%}
    {%- if rows %}
    insert into {{ report_relation('tutormax_runs') }} (
        run_id, started_at, target, dbt_version, project_version, as_of_date, first_calculation_date, restated_from,
        model, build_number, status, seconds, rows_inserted, rows_updated, rows_deleted
    )
    with

    logged as (
        select * from {{ log_relation('change_log') }} where build_number = {{ this_build() }}
    ),

    reported as (
        {%- for row in rows %}
        select {{ row | join(', ') }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    )

    select
        '{{ run_id() }}',
        {{ instant("'" ~ run_started_at.isoformat() ~ "'") }},
        '{{ target.name }}',
        '{{ dbt_version }}',
        '{{ var('project_version') }}',
        (select max(as_of_date) from logged),
        (select max(first_calculation_date) from logged),
        (select min(first_changed_day) from logged),
        reported.*
    from reported
    {%- endif %}
{%- endmacro %}
