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
    {%- set scope = is_replaced(source_table) -%}
    {%- set changes = sync_changes(target_table, source_table, keys, same_key, differs, scope, meta) -%}
    {%- if meta.get('delete_guard') -%}
        {%- do fail_on_mass_delete(target_table.schema ~ '.' ~ target_table.identifier, changes.lost, changes.present) -%}
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
    {{- 'select 1' if not changes.deleted + changes.updated + changes.inserted }}
    {%- do keep_changes(changes.inserted, changes.updated, changes.deleted) -%}
{%- endmacro %}

{% macro keep_changes(inserted, updated, deleted) -%}
    {%- set deleted = deleted + kept_for_the_run('cascaded').get(model.alias, 0) -%}
    {%- do kept_for_the_run('changed_rows').update({
        model.alias: {'inserted': inserted, 'updated': updated, 'deleted': deleted}
    }) -%}
    {%- if since_build() != -1 and inserted + updated + deleted == 0 -%}
        {%- do mark_unchanged() -%}
    {%- endif -%}
{%- endmacro %}

{% macro sync_changes(target_table, source_table, keys, same_key, differs, scope, meta) -%}
    {%- set key = adapter.quote(keys[0]) -%}
    {%- set lost = 'source_rows.' ~ key ~ ' is null' -%}
    {%- set counts = run_query(
        'select count(*) filter (where target_rows.' ~ key ~ ' is null),'
        ~ ' count(*) filter (where target_rows.' ~ key ~ ' = source_rows.' ~ key ~ ' and ' ~ differs ~ '),'
        ~ ' count(*) filter (where ' ~ lost ~ '),'
        ~ (' (select count(*) from ' ~ target_table ~ '),' if meta.get('delete_guard') else ' 0,')
        ~ ' count(*) filter (where ' ~ lost ~ does_not_expire(meta) ~ ')'
        ~ ' from (' ~ rows_within(target_table, scope) ~ ') as target_rows'
        ~ ' full outer join ' ~ source_table ~ ' as source_rows on ' ~ same_key
    ).rows[0] -%}
    {{ return({
        'inserted': counts[0] | int,
        'updated': counts[1] | int,
        'deleted': counts[2] | int,
        'present': counts[3] | int,
        'lost': counts[4] | int
    }) }}
{%- endmacro %}

{% macro does_not_expire(meta) -%}
    {%- set unit = recompute_unit() -%}
    {%- if meta.get('delete_guard') and unit.expires %}
        and target_rows.{{ unit.column }}
        >= {{ utc_midnight(changes().expired) if is_instant(unit.column) else changes().expired }}
    {%- endif -%}
{%- endmacro %}
