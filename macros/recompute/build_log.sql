{% macro log_relation(name) -%}
    {{ return(source_relation('builds', name)) }}
{%- endmacro %}

{% macro report_relation(name) -%}
    {{ return(source_relation('tutormax', name)) }}
{%- endmacro %}

{% macro is_named_run() -%}
    {{ return(env_var('TUTORMAX_RUN_ID', '') | trim != '') }}
{%- endmacro %}

{% macro run_id() -%}
    {%- set named = env_var('TUTORMAX_RUN_ID', '') | trim -%}
    {%- set shortened = named if named | length <= 50 else named[:17] ~ '-' ~ local_md5(named) -%}
    {{ return(dbt.escape_single_quotes(shortened or invocation_id)) }}
{%- endmacro %}

{% macro join_build() -%}
    {%- set log = log_relation('build_log') -%}
    {%- if not is_named_run() or adapter.get_relation(log.database, log.schema, log.identifier) is none -%}
        {{ return(false) }}
    {%- endif -%}
    {%- do read_build() -%}
    {%- if this_run() and this_run().fingerprint != project_fingerprint() -%}
        {{ exceptions.raise_compiler_error(
            "The build that TUTORMAX_RUN_ID names, " ~ env_var('TUTORMAX_RUN_ID') ~ ", began with another version of"
            ~ " the project or other vars: give all its processes the same, or give this one another TUTORMAX_RUN_ID."
        ) }}
    {%- elif this_run() and repeats_complete_build() -%}
        {{ exceptions.raise_compiler_error(
            "The build that TUTORMAX_RUN_ID names, " ~ env_var('TUTORMAX_RUN_ID') ~ ", is complete, and does not read the"
            ~ " rows that have arrived in raw since it began: give each build its own TUTORMAX_RUN_ID."
        ) }}
    {%- endif -%}
    {{ return(this_run() | length > 0) }}
{%- endmacro %}

{#- The last processes of a build may make views alone, while rows arrive for the next one. -#}
{% macro repeats_complete_build() -%}
    {%- set is_complete -%}
        with

        {{ completed_builds() }}

        select min(build_number) >= {{ this_build() }} from completed
    {%- endset -%}
    {%- if not tracked_models() | selectattr('unique_id', 'in', selected_nodes()) | list
        or not run_query(is_complete).rows[0][0] -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set counts = [] -%}
    {%- for table in source_columns() -%}
        {%- do counts.append('(select count(*) from ' ~ raw_rows(table, is_whole=true) ~ ')') -%}
    {%- endfor -%}
    {{ return(run_query(
        'select ' ~ counts | join(' + ') ~ ' > sum(raw_rows) from ' ~ log_relation('build_log')
        ~ " where run_id = '" ~ run_id() ~ "'"
    ).rows[0][0]) }}
{%- endmacro %}

{% macro begin_build() -%}
    {#- One transaction: another process of this run must not find half of it. -#}
    {%- call statement('log_build', auto_begin=true) -%}
        {{ logged_build() }}
    {%- endcall -%}
    {%- do read_build() -%}
    {%- if var('restate_from') -%}
        {%- do run_query(log_change({
            'subject': "'restate_from'", 'first_changed_day': "date '" ~ var('restate_from') ~ "'"
        })) -%}
    {%- endif -%}
    {%- if remembers_builds() -%}
        {%- do run_query(pruned_logs()) -%}
    {%- endif -%}
    {%- do adapter.commit() -%}
{%- endmacro %}

{% macro read_build() -%}
    {%- set run = kept_for_the_run('build') -%}
    {#- A run may join a build before the table is made. -#}
    {%- set table = graph.sources['source.tutormax.erased.tombstones'] -%}
    {%- set tombstones = adapter.get_relation(table.database, table.schema, table.identifier) -%}
    {%- set rows -%}
        select
            logged.build_number,
            logged.since_build,
            logged.source_table,
            {{ utc_text('logged.loaded_through') }} as loaded_through,
            {{ utc_text('earlier.loaded_through') }} as loaded_before,
            logged.raw_rows - earlier.raw_rows as rows_arrived,
            logged.fingerprint,
            {{ '(select count(hash) from ' ~ tombstones ~ ')' if tombstones else 0 }} as tombstones,
            logged.reason
        from {{ log_relation('build_log') }} as logged
        left join {{ log_relation('build_log') }} as earlier
            on logged.source_table = earlier.source_table and logged.since_build = earlier.build_number
        where logged.run_id = '{{ run_id() }}'
    {%- endset -%}
    {%- for row in run_query(rows).rows -%}
        {%- do run.update({
            'number': row[0] | int,
            'since': row[1] | int if remembers_builds() else -1,
            'fingerprint': row[6],
            'has_tombstones': row[7] | int > 0,
            'reason': row[8]
        }) -%}
        {%- do run.setdefault('through', {}).update({row[2]: row[3]}) -%}
        {%- do run.setdefault('before', {}).update({row[2]: row[4]}) -%}
        {%- do run.setdefault('arrived', {}).update({row[2]: row[3] != row[4] or row[5] | int != 0}) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro completed_builds() -%}
    tables as (
        {%- for node in tracked_models() %}
        select '{{ node.alias }}' as model
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ),

    completed as (
        select tables.model, coalesce(max(watermarks.build_number), -1) as build_number
        from tables
        left join {{ log_relation('watermarks') }} as watermarks on tables.model = watermarks.model
        group by tables.model
    )
{%- endmacro %}

{% macro logged_build() -%}
    {{ build_lock() }}
    insert into {{ log_relation('build_log') }} (
        build_number, run_id, source_table, fingerprint, is_full, since_build, loaded_through, raw_rows, reason
    )
    with

    {{ completed_builds() }},

    -- Versions before the build log had their numbers, which staging rows still carry, in tutormax_runs.
    last_builds as (
        select
            coalesce(
                max(build_number), (select max(build_number) from {{ report_relation('tutormax_runs') }}), 0
            ) as build_number,
            coalesce(max(case when is_full then build_number end), 0) as full_build
        from {{ log_relation('build_log') }}
    ),

    since as (
        select
            case when min(completed.build_number) >= min(last_builds.full_build)
                then min(completed.build_number) else -1
            end as build_number
        from completed
        cross join last_builds
    ),

    earlier as (
        select * from {{ log_relation('build_log') }} where build_number = (select build_number from since)
    ),

    raw_tables as (
        {%- for table in source_columns() %}
        select
            '{{ table }}' as source_table,
            coalesce(
                max(_loaded_at), {{ utc_midnight("date '0001-01-01'") }}
            ) as loaded_through,
            count(*) as raw_rows,
            count(*) filter (where _loaded_at <= (
                select loaded_through from earlier where source_table = '{{ table }}'
            )) as rows_before
        from {{ raw_rows(table, is_whole=true) }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ),

    compared as (
        select
            raw_tables.*,
            bool_or(earlier.raw_rows <> raw_tables.rows_before) over () as has_other_rows,
            (
                select max(fingerprint) from {{ log_relation('build_log') }}
                where build_number = (select build_number from last_builds)
            ) as last_fingerprint
        from raw_tables
        left join earlier on raw_tables.source_table = earlier.source_table
    ),

    explained as (
        select
            *,
            case
                when {{ dbt.string_literal(reason_to_build_all()) }} <> '' then {{ dbt.string_literal(reason_to_build_all()) }}
                when last_fingerprint is null then 'no earlier build is logged'
                when last_fingerprint = 'a person may come back' then 'an erased person may come back'
                when last_fingerprint <> '{{ project_fingerprint() }}' then 'the project, a seed or a var has changed'
                when has_other_rows then 'rows of raw are gone or have an earlier arrival than rows that were read'
            end as reason
        from compared
    )

    select
        (select build_number + 1 from last_builds),
        '{{ run_id() }}',
        source_table,
        '{{ project_fingerprint() }}',
        reason is not null,
        case when reason is not null then -1 else (select build_number from since) end,
        loaded_through,
        raw_rows,
        reason
    from explained
    {%- if is_named_run() %}
    where not exists (select 1 from {{ log_relation('build_log') }} where run_id = '{{ run_id() }}')
    {%- endif %}
{%- endmacro %}

{% macro completed_models(results) -%}
    {%- set known = {} -%}
    {%- for row in run_query(
        'select model, max(build_number) from ' ~ log_relation('watermarks') ~ ' group by model'
    ).rows -%}
        {%- do known.update({row[0]: row[1] | int}) -%}
    {%- endfor -%}
    {%- set completed = [] -%}
    {%- set tracked = tracked_models() | map(attribute='unique_id') | list -%}
    {%- for result in results if result.status | string == 'success' and not reads_some_rows() -%}
        {%- set node = result.node -%}
        {%- if node.unique_id in tracked -%}
            {%- set builds = [this_build()] -%}
            {%- for parent in node.depends_on.nodes if parent in tracked -%}
                {%- do builds.append(known.get(graph.nodes[parent].alias, -1)) -%}
            {%- endfor -%}
            {%- do known.update({node.alias: builds | min}) -%}
            {%- set contract = contract_of(graph.nodes[node.unique_id]) -%}
            {%- set is_known = contract == known_contracts().get(node.alias) -%}
            {%- do completed.append((node.alias, builds | min, none, none if is_known else contract)) -%}
        {%- elif node.resource_type == 'seed' and node.unique_id in own_inputs() -%}
            {%- do completed.append((node.name, this_build(), seed_checksum(graph.nodes[node.unique_id]), none)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if completed %}
    insert into {{ log_relation('watermarks') }} (model, build_number, checksum, contract)
    {%- for model, build, checksum, contract in completed %}
    select
        '{{ model }}',
        {{ build }},
        {{ dbt.string_literal(checksum) if checksum else 'null' }},
        {{ dbt.string_literal(dbt.escape_single_quotes(contract)) if contract else 'null' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {%- endif %}
{%- endmacro %}

{% macro tracked_models() -%}
    {{ return(
        own_nodes() | selectattr('config.materialized', 'in', ['incremental', 'table']) | list
    ) }}
{%- endmacro %}

{% macro reason_to_build_all() -%}
    {%- set missing = [] -%}
    {%- for node in tracked_models() if adapter.get_relation(node.database, node.schema, node.alias) is none -%}
        {%- do missing.append(node.name) -%}
    {%- endfor -%}
    {%- if flags.FULL_REFRESH -%}
        {{ return('it is a full refresh') }}
    {%- elif missing -%}
        {{ return(counted(missing | length, 'table') ~ (' was' if missing | length == 1 else ' were') ~ ' missing') }}
    {%- elif is_seed_to_change() -%}
        {{ return('a seed has changed') }}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{% macro counted(number, noun) -%}
    {{ return('{:,} {}'.format(number, noun if number == 1 else noun ~ 's')) }}
{%- endmacro %}

{% macro project_fingerprint() -%}
    {%- set parts = [] -%}
    {%- for node in own_nodes() -%}
        {%- do parts.append(node.unique_id ~ node.checksum.checksum ~ contract_of(node) ~ node.config.meta) -%}
    {%- endfor -%}
    {%- do parts.extend(seed_checksums()) -%}
    {%- for name, macro in tutormax.items() if not name.startswith('test_') -%}
        {%- do parts.append(macro.macro.macro_sql) -%}
    {%- endfor -%}
    {%- for name in var_kinds() if name not in [
        'as_of_date', 'restate_from', 'max_delete_share', 'min_delete_rows', 'allow_mass_delete', 'allow_history_loss',
        'max_rejected_share', 'load_memory_mb', 'postgres_settings', 'churn_model_version', 'project_version'
    ] -%}
        {%- do parts.append(name ~ var(name) | string) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | sort | join('|'))) }}
{%- endmacro %}

{% macro seed_checksums() -%}
    {%- set checksums = [] -%}
    {%- for seed in graph.nodes.values() if seed.resource_type == 'seed' and seed.unique_id in own_inputs() -%}
        {%- set own = seed_checksum(seed) -%}
        {%- do checksums.append(seed.unique_id ~ (
            own if is_seed_of_run(seed) else known_checksums().get(seed.name, own)
        )) -%}
    {%- endfor -%}
    {{ return(checksums) }}
{%- endmacro %}

{#- A run of several processes loads all seeds, each in its own. -#}
{% macro is_seed_of_run(seed) -%}
    {{ return(is_named_run() or seed.unique_id in selected_nodes()) }}
{%- endmacro %}

{% macro is_seed_to_change() -%}
    {%- set changed = [] -%}
    {%- for seed in graph.nodes.values() if seed.resource_type == 'seed' and seed.unique_id in own_inputs()
        and is_seed_of_run(seed)
        and known_checksums().get(seed.name, seed_checksum(seed)) != seed_checksum(seed) -%}
        {%- do changed.append(seed.name) -%}
    {%- endfor -%}
    {{ return(changed | length > 0) }}
{%- endmacro %}

{% macro seed_checksum(seed) -%}
    {{ return(local_md5(seed.checksum.checksum ~ seed.config.column_types)) }}
{%- endmacro %}

{% macro known_checksums() -%}
    {{ return(known_completions().checksums) }}
{%- endmacro %}

{% macro known_contracts() -%}
    {{ return(known_completions().contracts) }}
{%- endmacro %}

{% macro known_completions() -%}
    {%- set known = kept_for_the_run('known') -%}
    {%- if 'whole' not in known -%}
        {#- Kept when it is whole: models run beside each other. -#}
        {%- set checksums, contracts = {}, {} -%}
        {%- for model, checksum, contract in run_query(
            'select model, checksum, contract from ' ~ log_relation('watermarks')
            ~ ' where checksum is not null or contract is not null order by build_number'
        ).rows -%}
            {%- do checksums.update({model: checksum}) if checksum is not none -%}
            {%- do contracts.update({model: contract}) if contract is not none -%}
        {%- endfor -%}
        {%- do known.update({'whole': {'checksums': checksums, 'contracts': contracts}}) -%}
    {%- endif -%}
    {{ return(known.whole) }}
{%- endmacro %}

{% macro reads_some_rows() -%}
    {{ return(flags.EMPTY or flags.SAMPLE) }}
{%- endmacro %}

{% macro this_run() -%}
    {{ return(kept_for_the_run('build')) }}
{%- endmacro %}

{% macro this_build() -%}
    {{ return(0 if is_unit_test() else this_run().get('number', 0)) }}
{%- endmacro %}

{% macro since_build() -%}
    {{ return(-1 if is_unit_test() else this_run().get('since', -1)) }}
{%- endmacro %}
