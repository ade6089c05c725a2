{% macro end_build(results) -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed') and is_run_own() and (this_run() or flags.WHICH == 'seed') -%}
        {%- set arrivals = log_arrivals(results) if flags.WHICH in ('build', 'run') else '' -%}
        {%- for statement in [completed_models(results), arrivals] if statement | trim -%}
            {%- do run_and_commit(statement) -%}
        {%- endfor -%}
        {%- do ensure_replica_identity() -%}
        {%- if arrivals | trim -%}
            {%- do warn_of_rejections() -%}
        {%- endif -%}
        {%- if this_run().get('has_tombstones') and flags.WHICH in ('build', 'run') -%}
            {%- do warn_of_erased() -%}
        {%- endif -%}
        {%- set own = results | selectattr('node.package_name', 'equalto', 'tutormax') | list -%}
        {%- set models = own | selectattr('node.resource_type', 'equalto', 'model') | list -%}
        {%- if models -%}
            {%- set changed = changed_rows(models) -%}
            {%- set summary = run_summary(own, changed, arrivals | trim) -%}
            {%- do run_and_commit(reported_run(models, changed, summary)) -%}
            {%- do log(summary, info=true) -%}
        {%- endif -%}
        {%- do name_lock_holders(results) -%}
    {%- endif -%}
{%- endmacro %}

{% macro changed_rows(results) -%}
    {%- set changed = {} -%}
    {%- set created = [] -%}
    {%- for result in results if result.status | string == 'success' -%}
        {%- set node = result.node -%}
        {%- set known = kept_for_the_run('changed_rows').get(node.alias) -%}
        {%- if known -%}
            {%- do changed.update({node.alias: known}) -%}
        {%- elif node.config.materialized == 'incremental' -%}
            {%- do created.append("select '" ~ node.alias ~ "', count(*) from " ~ node.relation_name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for alias, count in (run_query(created | join(' union all ')).rows if created else []) -%}
        {%- do changed.update({alias: {'inserted': count | int, 'updated': 0, 'deleted': 0}}) -%}
    {%- endfor -%}
    {{ return(changed) }}
{%- endmacro %}

{% macro reported_run(results, changed, summary) -%}
    {%- set rows = [] -%}
    {%- for result in results -%}
        {%- set node = result.node -%}
        {%- set is_done = result.status | string == 'success' -%}
        {%- set counts = changed.get(node.alias, {}) -%}
        {%- do rows.append([
            dbt.string_literal(node.alias),
            'cast(' ~ (this_build() if is_done else 'null') ~ ' as bigint)',
            dbt.string_literal(result.status | string),
            result.execution_time,
            'cast(' ~ counts.get('inserted', 'null') ~ ' as bigint)',
            'cast(' ~ counts.get('updated', 'null') ~ ' as bigint)',
            'cast(' ~ counts.get('deleted', 'null') ~ ' as bigint)'
        ]) -%}
    {%- endfor -%}
    insert into {{ report_relation('tutormax_runs') }} (
        run_id, started_at, target, dbt_version, project_version, as_of_date, first_calculation_date, restated_from,
        model, build_number, status, seconds, rows_inserted, rows_updated, rows_deleted, summary
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
        reported.*,
        {{ dbt.string_literal(dbt.escape_single_quotes(summary[:1000])) }}
    from reported
{%- endmacro %}
