{% macro run_summary(results, changed, with_arrivals) -%}
    {%- set build = 'Build ' ~ this_build() -%}
    {%- set failed, skipped = [], [] -%}
    {%- for result in results -%}
        {%- if result.status | string in ('error', 'fail', 'runtime error') -%}
            {%- do failed.append(result) -%}
        {%- elif result.status | string == 'skipped' -%}
            {%- do skipped.append(result) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set parts = [] -%}
    {%- if reads_some_rows() -%}
        {%- do parts.append('created the tables that were missing and changed no other, as it read only some rows') -%}
    {%- else -%}
        {%- set is_stopped = failed | rejectattr('node.resource_type', 'equalto', 'test') | list | length > 0 -%}
        {%- do parts.append(recomputed_part('set out to recompute' if is_stopped else 'recomputed')) -%}
        {%- do parts.append(changed_part(changed)) -%}
        {%- do parts.extend(silence_parts(results)) -%}
        {%- do parts.extend(kept_versions_part(changed)) -%}
        {%- do parts.extend(held_back_part(changed)) -%}
        {%- if with_arrivals -%}
            {%- do parts.extend(rejected_parts()) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if failed -%}
        {%- do parts.append(
            failed[0].node.name ~ ' failed' ~ reason_of(failed[0].message or '')
            ~ (' (and ' ~ (failed | length - 1) ~ ' more)' if failed | length > 1 else '')
            ~ (', so ' ~ skipped | length ~ ' more did not run' if skipped else '')
        ) -%}
    {%- endif -%}
    {{ return(build ~ ' ' ~ parts | join('; ') ~ '.') }}
{%- endmacro %}

{% macro recomputed_part(recomputed) -%}
    {%- if not remembers_builds() -%}
        {{ return(recomputed ~ ' everything, because builds on ' ~ adapter.type() ~ ' always do') }}
    {%- elif since_build() == -1 -%}
        {{ return(recomputed ~ ' everything, because ' ~ (
            this_run().reason or 'not every table is complete since the last full build'
        )) }}
    {%- endif -%}
    {%- set first, last = changes().first_day[6:-1], changes().last_day -%}
    {%- set since = 'build ' ~ since_build() -%}
    {%- if first == '9999-12-31' and not kept_for_the_run('logged').sources -%}
        {{ return('did not look for days that have changed since ' ~ since) }}
    {%- elif first == '9999-12-31' -%}
        {{ return('found no changed day since ' ~ since) }}
    {%- endif -%}
    {{ return(
        recomputed ~ (' all days' if first == '0001-01-01' else ' the days from ' ~ first)
        ~ (' to ' ~ last if last else ' on') ~ ', because of '
        ~ ('restate_from and ' if var('restate_from')) ~ 'what has changed since ' ~ since
    ) }}
{%- endmacro %}

{% macro changed_part(changed) -%}
    {%- set sums = {'inserted': 0, 'updated': 0, 'deleted': 0} -%}
    {%- set published = report_relation('tutormax_runs').schema -%}
    {%- for node in own_nodes() if node.schema == published and node.alias in changed -%}
        {%- for what in sums -%}
            {%- do sums.update({what: sums[what] + changed[node.alias][what]}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if not sums.values() | sum -%}
        {{ return('changed no published row') }}
    {%- endif -%}
    {{ return(
        'inserted ' ~ counted(sums.inserted, 'published row') ~ ', updated ' ~ '{:,}'.format(sums.updated)
        ~ ' and deleted ' ~ '{:,}'.format(sums.deleted)
    ) }}
{%- endmacro %}

{#- After a change of version, until the active one has scored the latest date. -#}
{% macro kept_versions_part(changed) -%}
    {%- set active = var('churn_model_version') -%}
    {%- if kept_for_the_run('churn_model').get('latest', active) == active or 'churn_predictions' not in changed -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set kept = [] -%}
    {%- for version, predictions in run_query(
        'select model_version, count(*) from ' ~ own_relation('churn_predictions')
        ~ " where model_version <> '" ~ active ~ "' group by model_version order by model_version"
    ).rows -%}
        {%- do kept.append(counted(predictions | int, 'prediction') ~ ' of churn model ' ~ version) -%}
    {%- endfor -%}
    {{ return([
        'kept ' ~ kept | join(' and ') ~ ', because ' ~ active ~ ' scores only later dates (--full-refresh scores all'
        ~ ' history with it)'
    ] if kept else []) }}
{%- endmacro %}

{#- Of a run that evaluated it. -#}
{% macro held_back_part(changed) -%}
    {%- if 'churn_model_status' not in changed -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(run_query(
        'select reason from ' ~ own_relation('churn_model_status') ~ ' where is_held_back'
    ).columns[0].values() | map('trim', '.') | list) }}
{%- endmacro %}

{% macro silence_parts(results) -%}
    {%- set parts = [] -%}
    {%- set dated = results | selectattr('node.name', 'equalto', 'int_activity__calculation_dates')
        | selectattr('status', 'equalto', 'success') | list -%}
    {%- for stop, last in (run_query(
        'select cast(predictions_stop_on as varchar(10)), cast(' ~ add_days('sessions_known_before', -1)
        ~ ' as varchar(10)) from ' ~ dated[0].node.relation_name ~ ' where predictions_stop_on is not null'
    ).rows if dated else []) -%}
        {%- do parts.append(
            'made no churn predictions from ' ~ stop ~ ' on, because no tutor has completed a session'
            ~ (' since ' ~ last if last else '')
        ) -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}

{% macro rejected_parts() -%}
    {%- set parts = [] -%}
    {%- for table, arrived, rejected, reasons in run_query(
        'select source_table, rows_arrived, rows_rejected, reasons from ' ~ report_relation('tutormax_arrivals')
        ~ ' where rows_rejected > 0 and build_number = ' ~ this_build() ~ ' order by source_table'
    ).rows -%}
        {%- do parts.append(
            'rejected ' ~ '{:,}'.format(rejected | int) ~ ' of ' ~ counted(arrived | int, 'row') ~ ' that arrived for '
            ~ table ~ ' (' ~ reasons ~ ')'
        ) -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}

{#- Only our own sentences: an engine's may hold what is in a row. -#}
{% macro reason_of(message) -%}
    {%- set lines = message.split('\n') | map('trim') | list -%}
    {{ return(': ' ~ lines[1] | trim('.') if lines | length > 1 and 'Compilation Error' in lines[0] else '') }}
{%- endmacro %}
