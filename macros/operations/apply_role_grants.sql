{% macro apply_role_grants() -%}
    {%- if execute and (flags.WHICH in ('build', 'run') and is_run_own() or flags.WHICH == 'run-operation') -%}
        {{ adapter.dispatch('apply_role_grants', 'tutormax')() }}
    {%- endif -%}
{%- endmacro %}

{% macro default__apply_role_grants() -%}
{%- endmacro %}

{% macro postgres__apply_role_grants() -%}
    {%- if not schema_prefix() -%}
        {%- set schemas = [report_relation('tutormax_runs').schema, analyst_schema()] -%}
        {%- set statements = [] -%}
        {%- for schema, role, table, uses_schema, held in run_query(held_privileges(schemas)).rows -%}
            {%- set may = privileges_of(role, table, schema) -%}
            {%- if not uses_schema and table == 'tutormax_runs' and (may or schema == schemas[0]) -%}
                {%- do statements.append('grant usage on schema ' ~ schema ~ ' to ' ~ role) -%}
            {%- endif -%}
            {%- if may is not none and may | sort | join(', ') != held -%}
                {%- do statements.append('revoke all on ' ~ schema ~ '.' ~ table ~ ' from ' ~ role) -%}
                {%- if may -%}
                    {%- do statements.append(
                        'grant ' ~ may | join(', ') ~ ' on ' ~ schema ~ '.' ~ table ~ ' to ' ~ role
                    ) -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if statements -%}
            {%- do run_and_commit(build_lock() ~ statements | join('; ')) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro held_privileges(schemas) -%}
    select
        tables.relnamespace::regnamespace::text,
        roles.rolname,
        tables.relname,
        has_schema_privilege(roles.oid, tables.relnamespace, 'usage'),
        (
            select coalesce(string_agg(held.privilege, ', ' order by held.privilege collate "C"), '')
            from (
                select lower(privilege_type) || case when is_grantable then ' with grant option' else '' end as privilege
                from aclexplode(tables.relacl) where grantee = roles.oid
                union all
                select
                    lower(acl.privilege_type) || ' ("' || columns.attname || '")'
                    || case when acl.is_grantable then ' with grant option' else '' end
                from pg_attribute as columns
                cross join aclexplode(columns.attacl) as acl
                where columns.attrelid = tables.oid and not columns.attisdropped and acl.grantee = roles.oid
            ) as held
        )
    from pg_class as tables
    cross join pg_roles as roles
    where
        tables.relkind in ('r', 'p', 'v')
        and tables.relnamespace in (to_regnamespace('{{ schemas | join("'), to_regnamespace('") }}'))
        and roles.rolname in ('tutormax_analyst', 'tutormax_ops', 'tutormax_tutor_portal')
    order by 1, 2, 3
{%- endmacro %}

{% macro privileges_of(role, table, schema) -%}
    {%- if schema == analyst_schema() -%}
        {{ return(['select'] if role == 'tutormax_analyst' else []) }}
    {%- endif -%}
    {%- if table in ['tutormax_runs', 'tutormax_arrivals'] -%}
        {{ return(['select'] if role != 'tutormax_tutor_portal' else none) }}
    {%- endif -%}
    {%- for node in own_nodes() if node.schema == schema and node.alias == table -%}
        {%- set readable = [] -%}
        {%- for column in node.columns.values()
            if is_for_analysts(column) and privacy_of(column) != 'label' -%}
            {%- do readable.append('select ("' ~ column.name ~ '")') -%}
        {%- endfor -%}
        {{ return({
            'tutormax_analyst': readable,
            'tutormax_ops': ['select'],
            'tutormax_tutor_portal': ['select'] if node.name == 'tutor_performance_metrics' else []
        }[role]) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}
