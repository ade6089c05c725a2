{#-
    The incremental strategy `sync`: makes the target hold the rows of the temporary relation and no
    others, touching only rows that differ.

    Columns named in the model's meta are left out of the comparison: `written_at` keeps the instant
    of the insert, `changed_at` the instant of the last change.
-#}
{% macro get_incremental_sync_sql(arg_dict) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set source = arg_dict['temp_relation'] -%}
    {%- set key = adapter.quote(arg_dict['unique_key']) -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set compared = columns
        | reject('in', [arg_dict['unique_key'], meta.get('written_at'), meta.get('changed_at')]) | list -%}
    {%- set updated = columns | reject('in', [arg_dict['unique_key'], meta.get('written_at')]) | list -%}
    {%- set differs = row_differs('target_rows', 'source_rows', compared) -%}

    {%- set changes = sync_changes(target, source, key, differs) -%}
    {%- do blow_fuse(target, changes) -%}

    {%- if changes.deleted %}
    delete from {{ target }} as target_rows
    where not exists (
        select 1 from {{ source }} as source_rows where source_rows.{{ key }} = target_rows.{{ key }}
    );
    {%- endif %}
    {%- if changes.updated %}
    update {{ target }} as target_rows
    set
        {%- for column in updated %}
        {{ adapter.quote(column) }} = source_rows.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ source }} as source_rows
    where source_rows.{{ key }} = target_rows.{{ key }} and {{ differs }};
    {%- endif %}
    {%- if changes.inserted %}
    insert into {{ target }} ({{ quoted_list(columns) }})
    select {{ quoted_list(columns) }}
    from {{ source }} as source_rows
    where not exists (
        select 1 from {{ target }} as target_rows where target_rows.{{ key }} = source_rows.{{ key }}
    );
    {%- endif %}
    {{ record_changes(target, changes) }}
{%- endmacro %}

{% macro quoted_list(columns) -%}
    {%- for column in columns -%}
        {{ adapter.quote(column) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro row_differs(left, right, columns) -%}
    (
        {%- for column in columns %}
        {{ left }}.{{ adapter.quote(column) }} is distinct from {{ right }}.{{ adapter.quote(column) }}
        {{- ' or' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- How many rows would be inserted, updated and deleted, and how many stand in the target. -#}
{% macro sync_changes(target, source, key, differs) -%}
    {%- set counts = run_query(
        'select count(*) filter (where target_rows.' ~ key ~ ' is null) as inserted,'
        ~ ' count(*) filter (where target_rows.' ~ key ~ ' = source_rows.' ~ key
        ~ ' and ' ~ differs ~ ') as updated,'
        ~ ' count(*) filter (where source_rows.' ~ key ~ ' is null) as deleted,'
        ~ ' count(target_rows.' ~ key ~ ') as present'
        ~ ' from ' ~ target ~ ' as target_rows full outer join ' ~ source ~ ' as source_rows'
        ~ ' on target_rows.' ~ key ~ ' = source_rows.' ~ key
    ).rows[0] -%}
    {{ return({
        'inserted': counts[0] | int,
        'updated': counts[1] | int,
        'deleted': counts[2] | int,
        'present': counts[3] | int
    }) }}
{%- endmacro %}

{#- Half-loaded raw must not empty the warehouse. -#}
{% macro blow_fuse(target, changes) -%}
    {%- if changes.deleted >= var('fuse_min_rows')
        and changes.deleted > var('fuse_max_share') * changes.present
        and not var('allow_mass_delete') -%}
        {{ exceptions.raise_compiler_error(
            "This build would remove " ~ changes.deleted ~ " of the " ~ changes.present ~ " rows of "
            ~ target.schema ~ "." ~ target.identifier ~ ", so it stopped and left them as they are: "
            ~ "load what is missing in raw, or pass --vars '{allow_mass_delete: true}' if they must go."
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro record_changes(target, changes) -%}
    select 1
{%- endmacro %}
