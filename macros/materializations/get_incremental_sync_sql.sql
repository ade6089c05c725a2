{#-
    The incremental strategy `sync`: within the rows that this build recomputes (see recompute), makes the target hold
    the rows of the temporary relation and no others, touching only rows that differ.

    A model's meta says besides
    - `audit`: {created: <column>, updated: <column>}, left out of the comparison; the first keeps what the insert
      wrote, the second what the last change wrote;
    - `fused`: a build that would remove too many rows, but those that expire, stops here (see
      int_acceptance__removals_counted for source tables);
    - `restates`: which days a change to a row changes downstream, see change_days.
-#}
{% macro get_incremental_sync_sql(arg_dict) -%}
    {%- set target_table = arg_dict['target_relation'] -%}
    {%- set source_table = arg_dict['temp_relation'] -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set audit = meta.get('audit', {}) -%}
    {%- set keys = arg_dict['unique_key'] -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set compared = columns | reject('in', keys + [audit.get('created'), audit.get('updated')]) | list -%}
    {%- set updated = columns | reject('in', keys + [audit.get('created')]) | list -%}
    {%- set differs = row_differs('target_rows', 'source_rows', compared) -%}
    {%- set same_key = row_matches('target_rows', 'source_rows', keys) -%}
    {%- set scope = is_recomputed('target_rows.', source_table) -%}
    {%- set changes = sync_changes(target_table, source_table, keys, same_key, differs, scope, meta) -%}
    {%- if meta.get('fused') -%}
        {%- do blow_fuse(target_table.schema ~ '.' ~ target_table.identifier, changes.lost, changes.present) -%}
    {%- endif -%}

    {%- if changes.deleted %}
    {%- set doomed -%}
        {{ scope }}
        and not exists (select 1 from {{ source_table }} as source_rows where {{ same_key }})
    {%- endset %}
    {%- do count_cascaded(target_table, adapter.quote(keys[0]), doomed) %}
    delete from {{ target_table }} as target_rows
    where
        {{ doomed }};
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

{#-
    How many rows would be inserted, updated and deleted, how many stand in the target, how many of the
    deleted do not merely expire, and the earliest day that the changes concern.
-#}
{% macro sync_changes(target_table, source_table, keys, same_key, differs, scope, meta) -%}
    {%- set key = adapter.quote(keys[0]) -%}
    {%- set inserted = 'target_rows.' ~ key ~ ' is null' -%}
    {%- set deleted = 'source_rows.' ~ key ~ ' is null' -%}
    {%- set updated = 'target_rows.' ~ key ~ ' = source_rows.' ~ key ~ ' and ' ~ differs -%}
    {%- set lost = deleted -%}
    {%- set unit = recompute_unit() -%}
    {%- if meta.get('fused') and unit.expires -%}
        {%- set lost = deleted ~ ' and target_rows.' ~ unit.column ~ ' >= ' ~ as_column(unit.column, last_expired()) -%}
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
    {%- if unit.by == 'day' and changes.inserted + changes.updated + changes.deleted -%}
        {%- do changes.update({'restated_from': first_changed_day()}) -%}
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
