{#-
    build_plan: one row per build and source, written when a run starts: how far raw reached then, and
    whether the build must take everything anew. The build number orders builds without a clock.

    A build is full when the fingerprint of models, seeds and vars is not that of the build before, when
    a table is missing, when rows have left raw or have arrived behind what was already judged, or when
    it is asked for. Every model that runs later does its full pass once, however builds break off.
-#}
{% macro plan_relation() -%}
    {{ return(api.Relation.create(
        database=target.database or none,
        schema=generate_schema_name('staging', none),
        identifier='build_plan'
    )) }}
{%- endmacro %}

{% macro create_plan_table() -%}
    create table if not exists {{ plan_relation() }} (
        build_number bigint not null,
        run_id {{ sql_type('varchar(50)') }} not null,
        source_table {{ sql_type('varchar(50)') }} not null,
        fingerprint {{ sql_type('varchar(50)') }} not null,
        is_full boolean not null,
        loaded_through {{ sql_type('timestamp with time zone') }} not null,
        raw_rows bigint not null
    );
{%- endmacro %}

{% macro plan_build() -%}
    {{ build_lock() }}
    insert into {{ plan_relation() }}
    select
        (select coalesce(max(build_number), 0) + 1 from {{ plan_relation() }}) as build_number,
        '{{ invocation_id }}' as run_id,
        source_table,
        '{{ project_fingerprint() }}' as fingerprint,
        {{ 'true' if flags.FULL_REFRESH or is_table_missing() else 'false' }}
        or bool_or(is_torn) over ()
        or not exists (
            select 1
            from {{ plan_relation() }}
            where
                fingerprint = '{{ project_fingerprint() }}'
                and build_number = (select max(build_number) from {{ plan_relation() }})
        ) as is_full,
        loaded_through,
        raw_rows
    from (
        {%- for table in source_columns() if table != 'unreadable_rows' %}
        select
            '{{ table }}' as source_table,
            coalesce(
                max({{ var('loaded_at_column') }}), {{ utc_midnight("date '0001-01-01'") }}
            ) as loaded_through,
            count(*) as raw_rows,
            count(*) filter (
                where {{ var('loaded_at_column') }} <= ({{ planned_before(table, 'max(loaded_through)') }})
            ) is distinct from ({{ planned_before(table, 'max(raw_rows)') }}) as is_torn
        from {{ source('raw', table) }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as sources;
{%- endmacro %}

{#- What the plan said of a source for the build that last judged it. -#}
{% macro planned_before(table, expression) -%}
    select {{ expression }}
    from {{ plan_relation() }}
    where
        source_table = '{{ table }}'
        and build_number = (
            select max(build_number) from {{ runs_relation() }} where model = 'stg_tutormax__{{ table }}'
        )
{%- endmacro %}

{#- Changes with any model, macro, seed or var; vars that say what one build is to do are left out. -#}
{% macro project_fingerprint() -%}
    {%- set parts = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed') -%}
        {%- do parts.append(node.unique_id ~ node.checksum.checksum) -%}
    {%- endfor -%}
    {%- for name, macro in tutormax.items() if not name.startswith('test_') -%}
        {%- do parts.append(macro.macro.macro_sql) -%}
    {%- endfor -%}
    {%- for name in var_kinds() if name not in [
        'as_of_date', 'restate_from', 'fuse_max_share', 'fuse_min_rows', 'allow_mass_delete', 'allow_history_loss',
        'churn_model_version', 'project_version'
    ] -%}
        {%- do parts.append(name ~ var(name) | string) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | sort | join('|'))) }}
{%- endmacro %}

{% macro is_table_missing() -%}
    {%- set missing = [] -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.config.materialized == 'incremental' -%}
        {%- if adapter.get_relation(node.database, node.schema, node.alias) is none -%}
            {%- do missing.append(node.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(missing | length > 0) }}
{%- endmacro %}
