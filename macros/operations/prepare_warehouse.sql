{% macro prepare_warehouse() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'test', 'seed') and is_run_own() -%}
        {%- if flags.WHICH != 'test' and join_build() -%}
            {{ return('') }}
        {%- endif -%}
        {%- set begins = flags.WHICH in ('build', 'run') or flags.WHICH == 'seed' and raw_stands() -%}
        {%- if flags.WHICH in ('build', 'run') or begins and is_named_run() -%}
            {%- do check_run() -%}
        {%- elif flags.WHICH == 'test' -%}
            {%- do check_tested() -%}
        {%- endif -%}
        {%- do adapter.dispatch('prepare_types', 'tutormax')() -%}
        {%- do keep_own_tables() -%}
        {%- do ensure_secret() -%}
        {%- do sum_pending_feedback() -%}
        {%- do ensure_replica_identity() -%}
        {%- if flags.WHICH in ('build', 'run') -%}
            {%- do check_retained() -%}
            {%- do check_contracts() -%}
            {%- do adapter.dispatch('ensure_analyst_schema', 'tutormax')() -%}
        {%- endif -%}
        {%- if begins -%}
            {%- do begin_build() -%}
            {%- do refresh_relation_cache() -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro spark__ensure_analyst_schema() -%}
{%- endmacro %}

{% macro default__ensure_analyst_schema() -%}
    {%- set view = api.Relation.create(database=target.database, schema=analyst_schema(), identifier='tutormax_runs') -%}
    {%- if adapter.get_relation(view.database, view.schema, view.identifier) is none -%}
        {%- do create_schema(view.without_identifier()) -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}

{% macro raw_stands() -%}
    {%- set missing = [] -%}
    {%- for source in own_sources(['raw']) if adapter.get_relation(source.database, source.schema, source.identifier) is none -%}
        {%- do missing.append(source.name) -%}
    {%- endfor -%}
    {{ return(not missing) }}
{%- endmacro %}

{% macro default__prepare_types() -%}
{%- endmacro %}

{#- The contracts declare jsonb. -#}
{% macro duckdb__prepare_types() -%}
    {%- do run_and_commit('create type if not exists jsonb as json') -%}
{%- endmacro %}

{% macro keep_own_tables() -%}
    {%- set sources = own_sources() | rejectattr('source_name', 'equalto', 'raw') | list -%}
    {%- set found = adapter.dispatch('own_columns', 'tutormax')(sources) -%}
    {%- for source in sources -%}
        {%- set relation = api.Relation.create(
            database=source.database, schema=source.schema, identifier=source.identifier
        ) -%}
        {%- set present = found.get(source.unique_id, {}) -%}
        {%- set columns = [] -%}
        {%- for column in source.columns.values() if column.name not in present -%}
            {%- do columns.append(column.name ~ ' ' ~ sql_type(column.data_type)) -%}
        {%- endfor -%}
        {%- if not present -%}
            {%- do create_schema(relation.without_identifier()) -%}
            {%- do run_and_commit(create_once(
                'create table if not exists ' ~ relation ~ ' (' ~ columns | join(', ') ~ ')'
            )) -%}
        {%- else -%}
            {%- for column in columns -%}
                {%- do run_and_commit(adapter.dispatch('added_column', 'tutormax')(relation, column)) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{#- Two processes may add it at once. -#}
{% macro default__added_column(relation, column) -%}
    alter table {{ relation }} add column if not exists {{ column }}
{%- endmacro %}

{% macro spark__added_column(relation, column) -%}
    alter table {{ relation }} add column {{ column }}
{%- endmacro %}

{#- Written once; ids made from it stay the same. -#}
{% macro ensure_secret() -%}
    {%- set kept = tombstones_relation() -%}
    {%- if run_query('select max(secret) from ' ~ kept).rows[0][0] is none -%}
        {%- set given = env_var('TUTORMAX_ID_SECRET', '') -%}
        {%- do run_and_commit(
            build_lock() ~ 'insert into ' ~ kept ~ ' (secret) select secret from (select '
            ~ (dbt.string_literal(dbt.escape_single_quotes(given)) if given else random_text())
            ~ ' as secret) as made where not exists (select 1 from ' ~ kept ~ ')'
        ) -%}
    {%- endif -%}
{%- endmacro %}

{% macro default__own_columns(sources) -%}
    {{ return(default__found_columns(sources)) }}
{%- endmacro %}

{% macro spark__own_columns(sources) -%}
    {%- set found = {} -%}
    {%- for source in sources -%}
        {%- set relation = adapter.get_relation(source.database, source.schema, source.identifier) -%}
        {%- for column in (adapter.get_columns_in_relation(relation) if relation is not none else []) -%}
            {%- do found.setdefault(source.unique_id, {}).update({column.name: column.dtype}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
