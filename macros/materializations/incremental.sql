{#-
    A table that is kept, and of which only the rows that differ are written. dbt's own materialization compares columns
    in every build; here only a full one does, as a change of columns changes the fingerprint.
-#}
{% materialization incremental, adapter='duckdb', supported_languages=['sql'] %}
    {{ return(synced_table() if model.package_name == 'tutormax' else dbt.materialization_incremental_duckdb()) }}
{% endmaterialization %}

{% materialization incremental, adapter='postgres', supported_languages=['sql'] %}
    {{ return(synced_table() if model.package_name == 'tutormax' else dbt.materialization_incremental_default()) }}
{% endmaterialization %}

{% macro synced_table() -%}
    {%- set standing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- if is_unchanged() -%}
        {%- for hook in pre_hooks -%}
            {%- do render(hook.get('sql')) -%}
        {%- endfor -%}
        {%- do keep_changes(0, 0, 0) -%}
        {%- do persist_docs(target_relation, model) -%}
        {%- call noop_statement('main', 'unchanged') -%}{%- endcall -%}
        {{ return({'relations': [target_relation]}) }}
    {%- endif -%}
    {%- if standing is not none and standing.is_view -%}
        {#- `dbt clone` made it, and the model may read it. -#}
        {%- set copied = this.incorporate(type='table', path={'identifier': this.identifier ~ '__cloned'}) -%}
        {%- do run_in_transaction('create table ' ~ copied ~ ' as select * from ' ~ standing) -%}
        {%- do run_in_transaction('drop view ' ~ standing) -%}
        {%- do run_in_transaction('alter table ' ~ copied ~ ' rename to ' ~ adapter.quote(this.identifier)) -%}
        {%- do adapter.cache_dropped(standing) -%}
        {%- do adapter.cache_added(target_relation) -%}
        {%- set standing = target_relation -%}
    {%- endif -%}
    {{ run_hooks(pre_hooks) }}
    {%- if standing is none -%}
        {%- set changing_sql = get_create_table_as_sql(false, target_relation, sql) -%}
    {%- else -%}
        {%- set built = make_temp_relation(target_relation) -%}
        {%- do run_query(without_values_in_errors('create temporary table ' ~ built ~ ' as (\n' ~ sql ~ '\n)')) -%}
        {%- set columns = adapter.get_columns_in_relation(built) | map(attribute='name') | list -%}
        {%- if since_build() == -1 or columns | reject('in', comments_of(target_relation)) | list -%}
            {%- if config.get('contract').enforced -%}
                {%- do get_assert_columns_equivalent('select * from ' ~ built) -%}
            {%- endif -%}
            {%- do follow_columns(built, standing) -%}
        {%- endif -%}
        {%- set changing_sql = sync_sql(target_relation, built, columns) | trim -%}
        {%- set changing_sql = without_values_in_errors(changing_sql) if changing_sql else 'select 1' -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ changing_sql }}
    {%- endcall -%}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke(standing, false)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target_relation]}) }}
{%- endmacro %}

{% macro is_unchanged() -%}
    {%- set unit = recompute_unit() -%}
    {%- if reads_some_rows() -%}
        {{ return(load_cached_relation(this) is not none) }}
    {%- endif -%}
    {#- Another process of this run may have changed what this one finds as it should be. -#}
    {%- if is_named_run() or since_build() == -1 or since_build() != this_build() - 1
        or (unit.by in ('day', 'month') and changes().first_day != "date '9999-12-31'") -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set changed = [] -%}
    {%- for parent in model.depends_on.nodes
        if parent not in kept_for_the_run('unchanged') and not is_unchanged_input(parent) -%}
        {%- do changed.append(parent) -%}
    {%- endfor -%}
    {{ return(not changed) }}
{%- endmacro %}

{% macro is_unchanged_input(unique_id) -%}
    {%- set source = graph.sources.get(unique_id, {}) -%}
    {{ return(
        unique_id in graph.nodes and graph.nodes[unique_id].resource_type == 'seed'
        or source.source_name == 'archive'
        or source.source_name == 'raw' and not this_run().arrived.get(source.name, true)
    ) }}
{%- endmacro %}

{% macro sync_sql(target_table, built, columns) -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set audit = meta.get('audit', {}) -%}
    {%- set keys = config.get('unique_key') -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- set key = adapter.quote(keys[0]) -%}
    {%- set compared = columns | reject('in', keys + [audit.get('created'), audit.get('updated')]) | list -%}
    {%- set updated = columns | reject('in', keys + [audit.get('created')]) | list -%}
    {%- set changes = make_temp_relation(target_table, '__changes') -%}
    {%- set unit = recompute_unit() -%}
    {#- In the transaction of the changes, so that rows keep their places. -#}
    {%- call statement('changes') -%}
        create temporary table {{ changes }} as
        with

        compared as (
            select
                target_rows.row_place,
                case
                    when target_rows.{{ key }} is null then 'inserted'
                    when source_rows.{{ key }} is null and not (true {{ does_not_expire(meta) }}) then 'expired'
                    when source_rows.{{ key }} is null then 'deleted'
                    when {{ row_differs('target_rows', 'source_rows', compared) }} then 'updated'
                end as change_kind,
                {%- if unit.by == 'batch' %}
                coalesce(source_rows.{{ unit.column }}, target_rows.{{ unit.column }}) as batch,
                {%- endif %}
                {%- for column in columns %}
                source_rows.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
                {%- endfor %}
            from ({{ rows_within(target_table, is_replaced(built), row_place()) }}) as target_rows
            full outer join {{ built }} as source_rows on {{ row_matches('target_rows', 'source_rows', keys) }}
        )

        select row_place, coalesce(change_kind, 'updated') as change_kind, {{ quoted_list(columns) }}
        from compared
        where
            change_kind is not null
            {%- if unit.by == 'batch' %}
            or batch in (select batch from compared where change_kind is not null)
            {%- endif %}
    {%- endcall -%}
    {%- set counts = {} -%}
    {%- for row in run_query('select change_kind, count(*) from ' ~ changes ~ ' group by change_kind').rows -%}
        {%- do counts.update({row[0]: row[1] | int}) -%}
    {%- endfor -%}
    {%- set lost = counts.get('deleted', 0) -%}
    {%- set deleted = lost + counts.get('expired', 0) -%}
    {%- if meta.get('delete_guard') and lost >= var('min_delete_rows') -%}
        {%- set present = run_query('select count(*) from ' ~ target_table).rows[0][0] | int -%}
        {%- do fail_on_mass_delete(target_table.schema ~ '.' ~ target_table.identifier, lost, present) -%}
    {%- endif -%}
    {%- do keep_changes(counts.get('inserted', 0), counts.get('updated', 0), deleted) -%}

    {%- if deleted %}
    {%- set doomed -%}
        target_rows.{{ row_place() }} in (
            select row_place from {{ changes }} where change_kind in ('deleted', 'expired')
        )
    {%- endset %}
    {%- do count_cascaded(target_table, key, doomed) %}
    delete from {{ target_table }} as target_rows
    where {{ doomed }};
    {%- endif %}
    {%- if counts.updated %}
    update {{ target_table }} as target_rows
    set
        {%- for column in updated %}
        {{ adapter.quote(column) }} = changes.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ changes }} as changes
    where target_rows.{{ row_place() }} = changes.row_place and changes.change_kind = 'updated';
    {%- endif %}
    {%- if counts.inserted %}
    insert into {{ target_table }} ({{ quoted_list(columns) }})
    select {{ quoted_list(columns) }}
    from {{ changes }}
    where change_kind = 'inserted';
    {%- endif %}
    {%- if counts or is_contract_changed() -%}
        {%- do fail_on_broken_contract(target_table, built) -%}
    {%- endif -%}
    {%- if is_contract_changed() %}
    {{ tightened_table(target_table, graph.nodes[model.unique_id]) }}
    {%- endif %}
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

{% macro does_not_expire(meta) -%}
    {%- set unit = recompute_unit() -%}
    {%- if meta.get('delete_guard') and unit.expires %}
        and target_rows.{{ unit.column }}
        >= {{ utc_midnight(changes().expired) if is_instant(unit.column) else changes().expired }}
    {%- endif -%}
{%- endmacro %}
