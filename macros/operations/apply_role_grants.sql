{% macro apply_role_grants() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'run-operation') -%}
        {{ adapter.dispatch('apply_role_grants', 'tutormax')() }}
    {%- endif -%}
{%- endmacro %}

{% macro default__apply_role_grants() -%}
{%- endmacro %}

{% macro postgres__apply_role_grants() -%}
    {%- if not env_var('TUTORMAX_SCHEMA_PREFIX', '') -%}
        {%- set roles = run_query(
            "select rolname from pg_roles"
            ~ " where rolname in ('tutormax_analyst', 'tutormax_ops', 'tutormax_tutor_portal')"
        ).columns[0].values() -%}
        {%- set tables = run_query(
            "select relname from pg_class where relkind in ('r', 'p', 'v') and relnamespace = to_regnamespace('"
            ~ report_relation('tutormax_runs').schema ~ "')"
        ).columns[0].values() -%}
        {%- if roles and tables -%}
            {%- do run_and_commit(published_grants(roles, tables)) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro published_grants(roles, tables) -%}
    {%- set schema = report_relation('tutormax_runs').schema -%}
    {{ build_lock() }}
    {%- for role in roles %}
    grant usage on schema {{ schema }} to {{ role }};
    {%- endfor %}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.schema == schema and node.alias in tables %}
        {%- set relation = schema ~ '.' ~ node.alias -%}
        {%- set readable = [] -%}
        {%- for column in node.columns.values()
            if not (column.get('config', {}).get('meta', {}).get('pii') or column.meta.get('pii')) -%}
            {%- do readable.append(column.name) -%}
        {%- endfor %}
        {%- for role in roles %}
    revoke all on {{ relation }} from {{ role }};
        {%- endfor %}
        {%- if 'tutormax_analyst' in roles and readable %}
    grant select ({{ quoted_list(readable) }}) on {{ relation }} to tutormax_analyst;
        {%- endif %}
        {%- if 'tutormax_ops' in roles %}
    grant select on {{ relation }} to tutormax_ops;
        {%- endif %}
        {%- if 'tutormax_tutor_portal' in roles and node.name == 'tutor_performance_metrics' %}
    grant select on {{ relation }} to tutormax_tutor_portal;
        {%- endif %}
    {%- endfor %}
    {%- for report in ['tutormax_runs', 'tutormax_arrivals'] if report in tables %}
        {%- for role in roles if role != 'tutormax_tutor_portal' %}
    grant select on {{ report_relation(report) }} to {{ role }};
        {%- endfor %}
    {%- endfor %}
{%- endmacro %}
