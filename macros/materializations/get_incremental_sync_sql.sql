{#-
    The incremental strategy `sync`: within the rows that this build speaks of, makes the target hold the
    rows of the temporary relation and no others, touching only rows that differ.

    A model's meta says
    - `written_at`, `changed_at`: columns left out of the comparison; the first keeps what the insert
      wrote, the second what the last change wrote;
    - which rows a build speaks of (otherwise all): `spoken_of: record_key` (the keys in the temporary
      relation), `staged_in: <staging model>` (the keys judged otherwise since), `rejected_in: {<source>:
      <staging model>}` (the same of every source, and rows that the loader could not read), `dated_by:
      <column>` (the days restated), `months_of: <column>` (the months of predictions restated);
    - `ages_out`: rows dated before those that are kept go in every build (see kept_from);
    - `fused`: a build that would remove too many rows, but those that age out, stops here (see
      int_acceptance__removals_counted for source tables);
    - `restates`: which days a change to a row changes downstream, see change_days.
-#}
{% macro get_incremental_sync_sql(arg_dict) -%}
    {%- set target_table = arg_dict['target_relation'] -%}
    {%- set source_table = arg_dict['temp_relation'] -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set keys = arg_dict['unique_key'] -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set compared = columns | reject('in', keys + [meta.get('written_at'), meta.get('changed_at')]) | list -%}
    {%- set updated = columns | reject('in', keys + [meta.get('written_at')]) | list -%}
    {%- set differs = row_differs('target_rows', 'source_rows', compared) -%}
    {%- set same_key = row_matches('target_rows', 'source_rows', keys) -%}
    {%- set scope = sync_scope(meta, keys, source_table) -%}

    {%- set changes = sync_changes(target_table, source_table, keys, same_key, differs, scope, meta) -%}
    {%- if meta.get('fused') -%}
        {%- do blow_fuse(target_table.schema ~ '.' ~ target_table.identifier, changes.lost, changes.present) -%}
    {%- endif -%}

    {%- if changes.deleted %}
    delete from {{ target_table }} as target_rows
    where
        {{ scope }}
        and not exists (select 1 from {{ source_table }} as source_rows where {{ same_key }});
    {%- endif %}
    {%- if changes.updated %}
    update {{ target_table }} as target_rows
    set
        {%- for column in updated %}
        {{ adapter.quote(column) }} = source_rows.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ source_table }} as source_rows
    where {{ same_key }} and {{ differs }};
    {%- endif %}
    {%- if changes.inserted %}
    insert into {{ target_table }} ({{ quoted_list(columns) }})
    select {{ quoted_list(columns) }}
    from {{ source_table }} as source_rows
    where not exists (select 1 from {{ target_table }} as target_rows where {{ same_key }});
    {%- endif %}
    {{ record_changes(changes) }}
{%- endmacro %}

{% macro quoted_list(columns) -%}
    {%- for column in columns -%}
        {{ adapter.quote(column) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro row_differs(left, right, columns) -%}
    (
        {{ 'false' if not columns }}
        {%- for column in columns %}
        {{ left }}.{{ adapter.quote(column) }} is distinct from {{ right }}.{{ adapter.quote(column) }}
        {{- ' or' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro row_matches(left, right, keys) -%}
    {%- for key in keys -%}
        {{ left }}.{{ adapter.quote(key) }} = {{ right }}.{{ adapter.quote(key) }}
        {{- ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- Which rows of the target this build speaks of. -#}
{% macro sync_scope(meta, keys, source_table) -%}
    {%- set last_build = since_last_build() -%}
    {%- if last_build == -1 -%}
        true
    {%- elif meta.get('spoken_of') -%}
        target_rows.{{ meta.spoken_of }} in (select {{ meta.spoken_of }} from {{ source_table }})
    {%- elif meta.get('staged_in') -%}
        target_rows.{{ adapter.quote(keys[0]) }} in (
            select record_key from {{ ref(meta.staged_in) }} where built_in > {{ last_build }}
        )
    {%- elif meta.get('rejected_in') -%}
        (
            {{ text_array_contains('target_rows.reasons', 'unreadable') }}
            {%- for source_name, staging in meta.rejected_in.items() %}
            or (
                target_rows.source_table = '{{ source_name }}'
                and coalesce(target_rows.record_key, '') in (
                    select record_key from {{ ref(staging) }} where built_in > {{ last_build }}
                )
            )
            {%- endfor %}
        )
    {%- elif meta.get('dated_by') -%}
        {%- if meta.get('ages_out') %}
        (
            {{ is_restated('target_rows.' ~ meta.dated_by, reach=meta.get('reach', 0)) }}
            or {{ has_aged_out('target_rows.' ~ meta.dated_by) }}
        )
        {%- else -%}
        {{ is_restated('target_rows.' ~ meta.dated_by, reach=meta.get('reach', 0)) }}
        {%- endif %}
    {%- elif meta.get('months_of') -%}
        {{ is_restated_month('target_rows.' ~ meta.months_of, reach=meta.get('reach', 0)) }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#-
    How many rows would be inserted, updated and deleted, how many stand in the target, how many of the
    deleted do not merely age out, and the earliest day that the changes concern.
-#}
{% macro sync_changes(target_table, source_table, keys, same_key, differs, scope, meta) -%}
    {%- set key = adapter.quote(keys[0]) -%}
    {%- set inserted = 'target_rows.' ~ key ~ ' is null' -%}
    {%- set deleted = 'source_rows.' ~ key ~ ' is null' -%}
    {%- set updated = 'target_rows.' ~ key ~ ' = source_rows.' ~ key ~ ' and ' ~ differs -%}
    {%- set lost = deleted -%}
    {%- if meta.get('ages_out') -%}
        {%- set lost = deleted ~ ' and not ' ~ has_aged_out('target_rows.' ~ meta.dated_by) -%}
    {%- endif -%}
    {%- set counts = run_query(
        'select count(*) filter (where ' ~ inserted ~ '),'
        ~ ' count(*) filter (where ' ~ updated ~ '),'
        ~ ' count(*) filter (where ' ~ deleted ~ '),'
        ~ ' cast(' ~ change_days(inserted, updated, deleted, meta) ~ ' as varchar(10)),'
        ~ (' (select count(*) from ' ~ target_table ~ '),' if meta.get('fused') else ' 0,')
        ~ ' count(*) filter (where ' ~ lost ~ ')'
        ~ ' from (' ~ rows_within(target_table, scope) ~ ') as target_rows'
        ~ ' full outer join ' ~ source_table ~ ' as source_rows on ' ~ same_key
        ~ change_days_from(meta, target_table, source_table, scope)
    ).rows[0] -%}
    {%- set changes = {
        'inserted': counts[0] | int,
        'updated': counts[1] | int,
        'deleted': counts[2] | int,
        'restated_from': "date '" ~ counts[3] ~ "'" if counts[3] else 'null',
        'present': counts[4] | int,
        'lost': counts[5] | int
    } -%}
    {%- if meta.get('dated_by') and changes.inserted + changes.updated + changes.deleted -%}
        {%- do changes.update({'restated_from': restated_from()}) -%}
    {%- endif -%}
    {{ return(changes) }}
{%- endmacro %}

{#-
    The earliest UTC day that changed rows concern, old values and new. meta.restates:
    - `instants`: the columns that date a row;
    - `of`, `by`: the model whose columns they are, and the column that leads to it;
    - `only_if_moved`: an update counts only if one of the instants changed;
    - `everything_if_deleted`: a deleted row may take rows of other tables along.
-#}
{% macro change_days(inserted, updated, deleted, meta) -%}
    {%- set restates = meta.get('restates', {}) -%}
    {%- set days = [] -%}
    {%- set moved = [] -%}
    {%- for instant in restates.get('instants', []) -%}
        {%- set sides = ['target_of', 'source_of'] if restates.get('of') else ['target_rows', 'source_rows'] -%}
        {%- for side in sides -%}
            {%- do days.append(utc_day(side ~ '.' ~ instant)) -%}
        {%- endfor -%}
        {%- do moved.append(sides[0] ~ '.' ~ instant ~ ' is distinct from ' ~ sides[1] ~ '.' ~ instant) -%}
    {%- endfor -%}
    {%- if restates.get('everything_if_deleted') -%}
        case when count(*) filter (where {{ deleted }}) > 0 then date '0001-01-01' else
    {%- endif %}
    {% if days -%}
        min(least({{ days | join(', ') }})) filter (
            where {{ inserted }} or {{ deleted }}
            or ({{ updated }}{{ ' and (' ~ moved | join(' or ') ~ ')' if restates.get('only_if_moved') }})
        )
    {%- else -%}
        cast(null as date)
    {%- endif %}
    {% if restates.get('everything_if_deleted') -%}
        end
    {%- endif -%}
{%- endmacro %}

{#- Joins the rows of the model that dates a row: only those that matter, or all of it would be hashed. -#}
{% macro change_days_from(meta, target_table, source_table, scope) -%}
    {%- set restates = meta.get('restates', {}) -%}
    {%- if restates.get('of') %}
        {%- for side in ['target', 'source'] %}
        left join (
            select *
            from {{ ref(restates.of) }}
            where {{ restates.by }} in (
                select {{ restates.by }} from {{ source_table }}
                union
                select {{ restates.by }} from {{ target_table }} as target_rows where {{ scope }}
            )
        ) as {{ side }}_of on {{ side }}_rows.{{ restates.by }} = {{ side }}_of.{{ restates.by }}
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}
