{#-
    `create or replace view`, where the view differs. dbt's own materialization makes a second view, renames both and
    drops the first, which breaks readers, grants and concurrent builds.
-#}
{% materialization replaced_view, default, supported_languages=['sql'] %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set standing = load_relation(target_relation) -%}
    {%- set difference = difference_of_view(standing, sql) if standing is not none else 'is missing' -%}
    {%- set grants = grants_on(standing, model.columns) if difference == 'has other columns' else [] -%}
    {%- if difference == 'has other columns' -%}
        {#- Made from it, and made again when the run ends. -#}
        {%- do run_in_transaction(drop_view(target_relation.incorporate(path={'schema': analyst_schema()}))) -%}
        {%- do adapter.drop_relation(standing) -%}
    {%- endif -%}

    {%- if difference == 'none' -%}
        {%- call noop_statement('main', 'unchanged') -%}{%- endcall -%}
    {%- else -%}
        {%- call statement('main') -%}
            create or replace view {{ target_relation }}
            {%- if config.get('contract').enforced %}
            {{ get_assert_columns_equivalent(sql) }}
            {%- endif %}
            as (
                {{ sql }}
            );
            {{ grants | join('; ') }}
        {%- endcall -%}
    {%- endif -%}

    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro difference_of_view(standing, sql) -%}
    {{ return(adapter.dispatch('difference_of_view', 'tutormax')(standing, sql)) }}
{%- endmacro %}

{% macro default__difference_of_view(standing, sql) -%}
    {{ return('may be any') }}
{%- endmacro %}

{#- To replace a view waits for its readers. The server compares: it does not keep the text that made the view. -#}
{% macro postgres__difference_of_view(standing, sql) -%}
    {%- set draft = adapter.quote(standing.identifier ~ '__draft') -%}
    {%- do run_query('create temporary view ' ~ draft ~ ' as ' ~ sql) -%}
    {%- set found -%}
        with

        standing as (
            select * from pg_catalog.pg_attribute where attrelid = '{{ standing.include(database=false) }}'::regclass and attnum > 0
        ),

        draft as (
            select * from pg_catalog.pg_attribute where attrelid = 'pg_temp.{{ draft }}'::regclass and attnum > 0
        )

        select case
            when count(*) filter (
                where standing.attnum is not null and draft.attnum is null
                or standing.attname <> draft.attname
                or standing.atttypid <> draft.atttypid
                or standing.atttypmod <> draft.atttypmod
            ) > 0 then 'has other columns'
            when pg_get_viewdef('{{ standing.include(database=false) }}'::regclass) = pg_get_viewdef('pg_temp.{{ draft }}'::regclass) then 'none'
            else 'may be any'
        end
        from standing
        full outer join draft on standing.attnum = draft.attnum
    {%- endset -%}
    {%- set difference = run_query(found).rows[0][0] -%}
    {%- do run_query('drop view pg_temp.' ~ draft) -%}
    {{ return(difference) }}
{%- endmacro %}

{% macro grants_on(relation, columns) -%}
    {{ return(adapter.dispatch('grants_on', 'tutormax')(relation, columns)) }}
{%- endmacro %}

{% macro default__grants_on(relation, columns) -%}
    {{ return([]) }}
{%- endmacro %}

{% macro postgres__grants_on(relation, columns) -%}
    {%- set name = relation.include(database=false) -%}
    {%- set found -%}
        select format(
            'grant %s%s on {{ name }} to %s%s',
            privilege_type,
            ' (' || quote_ident(column_name) || ')',
            case grantee when 0 then 'public' else grantee::regrole::text end,
            case when is_grantable then ' with grant option' end
        )
        from (
            select null as column_name, acls.*
            from pg_catalog.pg_class cross join lateral aclexplode(relacl) as acls
            where oid = '{{ name }}'::regclass and grantee <> relowner
            union all
            select attname, acls.*
            from pg_catalog.pg_attribute cross join lateral aclexplode(attacl) as acls
            where attrelid = '{{ name }}'::regclass and attname in ('{{ columns.keys() | join("', '") }}')
        ) as granted
    {%- endset -%}
    {{ return(run_query(found).columns[0].values()) }}
{%- endmacro %}
