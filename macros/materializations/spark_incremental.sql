{#-
    `incremental` on Spark, which has no transactions and no update:

    - a table without a contract is made again;
    - a table with a contract is compared with the rows of the build, and rewritten if they differ. `partition_by:
      <column>` in the meta partitions it by `stored_month`, the first day of that column's month; then only months with
      a difference are overwritten, and months without rows are dropped.

    Rows that are equal keep their audit columns. `audit`, `delete_guard` and `expires` work as in sync_sql.
-#}
{% materialization incremental, adapter='spark' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set standing = load_relation(this) -%}
    {{ run_hooks(pre_hooks) }}
    {%- set steps = [] -%}
    {%- set sql = spark_keep_steps(sql, steps) -%}
    {%- if standing is not none and config.get('contract').enforced -%}
        {%- set built = kept_step('built') -%}
        {%- do adapter.drop_relation(built) -%}
        {%- do run_query(spark_table(built, spark_rows(sql))) -%}
        {%- do keep_changes(*spark_sync(standing, built)) -%}
        {%- do adapter.drop_relation(built) -%}
    {%- else -%}
        {%- if standing is not none -%}
            {%- do adapter.drop_relation(standing) -%}
        {%- endif -%}
        {%- do run_query(spark_table(target_relation, spark_rows(sql))) -%}
    {%- endif -%}
    {%- for step in steps -%}
        {%- do run_query('drop view if exists ' ~ step) -%}
        {%- do adapter.drop_relation(kept_step(step)) -%}
    {%- endfor -%}
    {%- call noop_statement('main', 'OK') -%}
        {{ sql }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro stored_month(prefix='') -%}
    {%- set column = config.get('meta', {}).get('partition_by') -%}
    {{ return(
        'coalesce(' ~ month_of(prefix ~ column) ~ ", date '0001-01-01')" if column else none
    ) }}
{%- endmacro %}

{% macro spark_table(relation, rows) -%}
    create table {{ relation }} using parquet {{ 'partitioned by (stored_month)' if stored_month() }}
    as {{ rows }}
{%- endmacro %}

{% macro spark_rows(sql) -%}
    {%- set month = stored_month() -%}
    {%- if config.get('contract').enforced -%}
        select
            {%- for column in model.columns.values() %}
            cast({{ adapter.quote(column.name) }} as {{ sql_type(column.data_type) }})
            as {{ adapter.quote(column.name) }}{{ ',' if month or not loop.last }}
            {%- endfor %}
            {{ month ~ ' as stored_month' if month }}
        from (
            {{ sql }}
        ) as model_rows
    {%- else -%}
        {{ sql }}
    {%- endif -%}
{%- endmacro %}

{% macro spark_sync(standing, built) -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set audit = meta.get('audit', {}) -%}
    {%- set keys = config.get('unique_key') -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- set columns = model.columns.keys() | list -%}
    {%- set present = adapter.get_columns_in_relation(standing) | map(attribute='name') | list -%}
    {%- for column in columns if column not in present -%}
        {%- do run_query(
            'alter table ' ~ standing ~ ' add columns (' ~ adapter.quote(column) ~ ' '
            ~ sql_type(model.columns[column].data_type) ~ ')'
        ) -%}
    {%- endfor -%}
    {%- set compared = columns | reject('in', keys + [audit.get('created'), audit.get('updated')]) | list -%}
    {%- set differs = row_differs('target_rows', 'source_rows', compared) -%}
    {%- set same_key = row_matches('target_rows', 'source_rows', keys) -%}
    {%- set key = adapter.quote(keys[0]) -%}
    {%- set months = ['target_rows.stored_month', 'source_rows.stored_month'] if stored_month() else ['null', 'null'] -%}
    {%- set changes -%}
        select
            change,
            old_month,
            new_month,
            count(*) as row_count,
            count(*) filter (where is_lost) as lost
        from (
            select
                case
                    when target_rows.{{ key }} is null then 'inserted'
                    when source_rows.{{ key }} is null then 'deleted'
                    when {{ differs }} then 'updated'
                end as change,
                cast({{ months[0] }} as string) as old_month,
                cast({{ months[1] }} as string) as new_month,
                source_rows.{{ key }} is null
                {{ does_not_expire(meta) }} as is_lost
            from {{ standing }} as target_rows
            full outer join {{ built }} as source_rows on {{ same_key }}
        ) as compared
        where change is not null
        group by change, old_month, new_month
    {%- endset -%}
    {%- set counts = {'inserted': 0, 'updated': 0, 'deleted': 0, 'lost': 0} -%}
    {%- set touched = [] -%}
    {%- for row in run_query(changes).rows -%}
        {%- do counts.update({row[0]: counts[row[0]] + row[3] | int, 'lost': counts.lost + row[4] | int}) -%}
        {%- for month in [row[1], row[2]] if month and month not in touched -%}
            {%- do touched.append(month) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if meta.get('delete_guard') and counts.lost >= var('min_delete_rows') -%}
        {%- set present = run_query('select count(*) from ' ~ standing).rows[0][0] | int -%}
        {%- do fail_on_mass_delete(standing.schema ~ '.' ~ standing.identifier, counts.lost, present) -%}
    {%- endif -%}
    {%- if counts.inserted + counts.updated + counts.deleted -%}
        {%- do spark_overwrite(standing, built, columns, same_key, key, differs, touched) -%}
    {%- endif -%}
    {{ return([counts.inserted, counts.updated, counts.deleted]) }}
{%- endmacro %}

{% macro spark_overwrite(standing, built, columns, same_key, key, differs, touched) -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set audit = meta.get('audit', {}) -%}
    {%- set within = "('" ~ touched | join("', '") ~ "')" -%}
    {%- set rows -%}
        select
            {%- for column in columns %}
            {%- set name = adapter.quote(column) %}
            {%- if column == audit.get('created') %}
            coalesce(target_rows.{{ name }}, source_rows.{{ name }}) as {{ name }}
            {%- elif column == audit.get('updated') %}
            case
                when target_rows.{{ key }} is null or {{ differs }} then source_rows.{{ name }}
                else target_rows.{{ name }}
            end as {{ name }}
            {%- else %}
            source_rows.{{ name }}
            {%- endif %}
            {{- ',' if stored_month() or not loop.last }}
            {%- endfor %}
            {{ 'source_rows.stored_month' if stored_month() }}
        from {{ built }} as source_rows
        {%- if audit %}
        left join {{ standing }} as target_rows on {{ same_key }}
        {%- endif %}
        {%- if stored_month() %}
        where cast(source_rows.stored_month as string) in {{ within }}
        {%- endif %}
    {%- endset -%}
    {%- set listed = quoted_list(columns) ~ (', stored_month' if stored_month() else '') -%}
    {%- if stored_month() -%}
        {%- do run_query('insert overwrite table ' ~ standing ~ ' (' ~ listed ~ ') ' ~ rows) -%}
        {%- set filled = run_query('select distinct cast(stored_month as string) from ' ~ built).columns[0].values() -%}
        {%- for month in touched if month not in filled -%}
            {%- do run_query(
                'alter table ' ~ standing ~ " drop if exists partition (stored_month = date '" ~ month ~ "')"
            ) -%}
        {%- endfor -%}
    {%- else -%}
        {#- Spark cannot read a table while it overwrites it. -#}
        {%- set merged = kept_step('merged') -%}
        {%- do adapter.drop_relation(merged) -%}
        {%- do run_query('create table ' ~ merged ~ ' using parquet as ' ~ rows) -%}
        {%- do run_query('insert overwrite table ' ~ standing ~ ' (' ~ listed ~ ') select * from ' ~ merged) -%}
        {%- do adapter.drop_relation(merged) -%}
    {%- endif -%}
{%- endmacro %}

{% macro spark_keep_steps(sql, steps) -%}
    {%- set rest = namespace(sql=sql) -%}
    {%- for _ in range(sql.count('/* kept */')) -%}
        {%- set before, after = rest.sql.split('/* kept */', 1) -%}
        {%- set name = before.split()[-2] -%}
        {%- set earlier = modules.re.sub('(\\s*--[^\\n]*)*\\s*$', '', before[:before.rindex(name)]) -%}
        {%- set body = after[after.index('(') + 1:] -%}
        {%- set indent = body.lstrip('\n').index(body.strip()[0]) - 4 -%}
        {%- set end = body.index('\n' ~ ' ' * indent ~ ')') -%}
        {%- set later = body[end + indent + 2:] -%}
        {%- set step = kept_step(name) -%}
        {%- do adapter.drop_relation(step) -%}
        {%- do run_query(
            'create table ' ~ step ~ ' using parquet as '
            ~ ('' if earlier.endswith('with') else earlier.rstrip(',')) ~ body[:end]
        ) -%}
        {%- do run_query('create or replace temporary view ' ~ name ~ ' as select * from ' ~ step) -%}
        {%- do steps.append(name) -%}
        {%- set rest.sql = (earlier if later.startswith(',') else earlier.rstrip(',')) ~ later.lstrip(',') -%}
    {%- endfor -%}
    {{ return(rest.sql) }}
{%- endmacro %}

{% macro kept_step(name) -%}
    {{ return(api.Relation.create(
        schema=log_relation('build_log').schema, identifier=this.identifier ~ '__' ~ name, type='table'
    )) }}
{%- endmacro %}
