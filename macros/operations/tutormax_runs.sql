{#-
    tutormax_runs: one row per run and model, what the run did to it. It is written by the runs
    themselves, so it is a table that dbt knows as a source and not as a model. build_number is null for
    a model that did not complete.
-#}
{% macro runs_relation() -%}
    {{ return(api.Relation.create(
        database=target.database or none,
        schema=generate_schema_name('tutormax', none),
        identifier='tutormax_runs'
    )) }}
{%- endmacro %}

{% macro create_runs_table() -%}
    create table if not exists {{ runs_relation() }} (
        run_id {{ sql_type('varchar(50)') }} not null,
        build_number bigint,
        started_at {{ sql_type('timestamp with time zone') }} not null,
        target {{ sql_type('varchar(50)') }} not null,
        dbt_version {{ sql_type('varchar(20)') }} not null,
        project_version {{ sql_type('varchar(20)') }} not null,
        model {{ sql_type('varchar(100)') }} not null,
        status {{ sql_type('varchar(20)') }},
        seconds {{ sql_type('double precision') }},
        as_of_date date,
        first_calculation_date date,
        restated_from date,
        rows_inserted bigint,
        rows_updated bigint,
        rows_deleted bigint
    );
{%- endmacro %}

{#- What the strategy `sync` did to a model, in the same transaction. -#}
{% macro record_changes(changes) -%}
    {{ insert_run([{
        'model': model.alias,
        'build_number': this_build(),
        'restated_from': changes.restated_from,
        'inserted': changes.inserted,
        'updated': changes.updated,
        'deleted': changes.deleted + kept_for_the_run('cascaded').get(model.alias, 0)
    }]) }}
{%- endmacro %}

{#- At the end of a run: status and seconds of every model; a table that was new was all inserted. -#}
{% macro record_run(results) -%}
    {%- set finished = [] -%}
    {%- for result in results if result.node.resource_type == 'model' -%}
        {%- do finished.append(result) -%}
    {%- endfor -%}
    {%- if execute and finished and flags.WHICH in ('build', 'run') -%}
        {%- do run_and_commit(finished_models(finished) if remembers_builds() else counted_models(finished)) -%}
    {%- endif -%}
{%- endmacro %}

{% macro finished_models(finished) -%}
    update {{ runs_relation() }} as runs
    set status = finished.status, seconds = finished.seconds
    from (
        {%- for result in finished %}
        select
            {{ dbt.string_literal(result.node.alias) }} as model,
            {{ dbt.string_literal(result.status | string) }} as status,
            {{ result.execution_time }} as seconds
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as finished
    where runs.run_id = '{{ invocation_id }}' and runs.model = finished.model;
    {%- set rows = [] -%}
    {%- for result in finished -%}
        {%- set is_created = result.status | string == 'success'
            and result.node.config.materialized == 'incremental' -%}
        {%- set row = {
            'model': result.node.alias,
            'status': result.status | string,
            'seconds': result.execution_time
        } -%}
        {%- if is_created -%}
            {%- do row.update({
                'build_number': this_build(),
                'restated_from': "date '0001-01-01'",
                'inserted': '(select count(*) from ' ~ result.node.relation_name ~ ')',
                'updated': 0,
                'deleted': 0
            }) -%}
        {%- endif -%}
        {%- do rows.append(row) -%}
    {%- endfor %}
    {{ insert_run(rows, only_new=true) }}
    update {{ runs_relation() }}
    set as_of_date = (
        select max(as_of_date) from {{ runs_relation() }} where run_id = '{{ invocation_id }}'
    )
    where run_id = '{{ invocation_id }}';
{%- endmacro %}

{#- Where a model cannot record what was done to it, it says so to dbt: see spark_incremental. -#}
{% macro counted_models(finished) -%}
    {%- set rows = [] -%}
    {%- for result in finished -%}
        {%- set row = {
            'model': result.node.alias,
            'status': result.status | string,
            'seconds': result.execution_time
        } -%}
        {%- if result.status | string == 'success' -%}
            {%- do row.update({'build_number': this_build()}) -%}
        {%- endif -%}
        {%- set counts = (result.adapter_response.code or '') | string -%}
        {%- if ',' in counts -%}
            {%- set counts = counts.split(',') -%}
            {%- do row.update({'inserted': counts[0], 'updated': counts[1], 'deleted': counts[2]}) -%}
        {%- endif -%}
        {%- do rows.append(row) -%}
    {%- endfor -%}
    {%- set clock = namespace(reading='null') -%}
    {%- for node in graph.nodes.values() if node.name == 'int_activity__clock_bounded' -%}
        {%- if adapter.get_relation(node.database, node.schema, node.alias) -%}
            {%- set clock.reading = '(select max(as_of_date) from ' ~ node.relation_name ~ ')' -%}
        {%- endif -%}
    {%- endfor -%}
    {{ insert_run(rows, as_of_date=clock.reading) }}
{%- endmacro %}

{% macro insert_run(rows, only_new=false, as_of_date='null') -%}
    insert into {{ runs_relation() }} (
        run_id, build_number, started_at, target, dbt_version, project_version, model, status, seconds,
        as_of_date, restated_from, rows_inserted, rows_updated, rows_deleted
    )
    select
        '{{ invocation_id }}',
        news.build_number,
        {{ instant("'" ~ run_started_at.isoformat() ~ "'") }},
        '{{ target.name }}',
        '{{ dbt_version }}',
        '{{ var('project_version') }}',
        news.model,
        news.status,
        news.seconds,
        cast({{ as_of_date }} as date),
        news.restated_from,
        news.rows_inserted,
        news.rows_updated,
        news.rows_deleted
    from (
        {%- for row in rows %}
        select
            {{ dbt.string_literal(row.model) }} as model,
            cast({{ row.build_number | default('null') }} as bigint) as build_number,
            cast({{ dbt.string_literal(row.status) if row.status else 'null' }} as varchar(20)) as status,
            cast({{ row.seconds | default('null') }} as {{ type_double() }}) as seconds,
            cast({{ row.restated_from | default('null') }} as date) as restated_from,
            cast({{ row.inserted | default('null') }} as bigint) as rows_inserted,
            cast({{ row.updated | default('null') }} as bigint) as rows_updated,
            cast({{ row.deleted | default('null') }} as bigint) as rows_deleted
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as news
    {%- if only_new %}
    where not exists (
        select 1
        from {{ runs_relation() }} as runs
        where runs.run_id = '{{ invocation_id }}' and runs.model = news.model
    )
    {%- endif %};
{%- endmacro %}
