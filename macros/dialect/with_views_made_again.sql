{#-
    PostgreSQL refuses to change the type of a column that a view reads. This drops the views that read one, and those
    that read them, and makes them again with owner, options, grants and comments, all in one statement. Whatever else
    depends on a column, and a view of somebody else, stops it.
-#}
{% macro with_views_made_again(table, columns, change) -%}
    do $again$
    declare
        found record;
        grants record;
        again text[] := '{}';
        statement text;
    begin
        for found in
            with recursive readers as (
                select rewrites.ev_class as oid, 1 as depth
                from pg_depend as depends
                inner join pg_rewrite as rewrites on depends.objid = rewrites.oid
                inner join pg_attribute as attributes
                    on depends.refobjid = attributes.attrelid and depends.refobjsubid = attributes.attnum
                where
                    depends.classid = 'pg_rewrite'::regclass
                    and depends.refclassid = 'pg_class'::regclass
                    and depends.refobjid = '{{ table.include(database=false) }}'::regclass
                    and attributes.attname in ('{{ columns | join("', '") }}')
                union
                select rewrites.ev_class, readers.depth + 1
                from readers
                inner join pg_depend as depends
                    on
                        readers.oid = depends.refobjid
                        and depends.classid = 'pg_rewrite'::regclass
                        and depends.refclassid = 'pg_class'::regclass
                inner join pg_rewrite as rewrites on depends.objid = rewrites.oid
                where rewrites.ev_class <> readers.oid
            )

            select
                classes.*,
                classes.oid as class_oid,
                classes.oid::regclass::text as name,
                pg_has_role(classes.relowner, 'USAGE') as is_ours,
                pg_get_viewdef(classes.oid) as definition,
                classes.relowner::regrole::text as owner
            from (select oid, max(depth) as depth from readers group by oid) as readers
            inner join pg_class as classes on readers.oid = classes.oid
            order by readers.depth desc
        loop
            if found.relkind <> 'v' or not found.is_ours then
                raise exception '% reads {{ table.schema }}.{{ table.identifier }}, whose contract gives {{
                    columns | join(', ') }} another type, and cannot be made again by this build: '
                    'drop it before the build, and make it again afterwards.', found.name;
            end if;
            again := array[
                format('create view %s%s as %s', found.name,
                    coalesce(' with (' || array_to_string(found.reloptions, ', ') || ')', ''), found.definition)
            ] || again;
            again := again || format('alter view %s owner to %s', found.name, found.owner);
            for grants in
                select
                    acl.privilege_type || case when attributes.attname is null then ''
                        else format(' (%I)', attributes.attname) end as privilege,
                    case when acl.grantee = 0 then 'public' else acl.grantee::regrole::text end as grantee,
                    case when acl.is_grantable then ' with grant option' else '' end as option
                from (
                    select null as attname, found.relacl as acl
                    union all
                    select attname, attacl from pg_attribute where attrelid = found.class_oid and attnum > 0
                ) as attributes
                cross join lateral aclexplode(attributes.acl) as acl
            loop
                again := again || format('grant %s on %s to %s%s', grants.privilege, found.name, grants.grantee,
                    grants.option);
            end loop;
            for grants in
                select
                    case when objsubid = 0 then format('view %s', found.name)
                        else format('column %s.%I', found.name, attname) end as what,
                    description
                from pg_description
                left join pg_attribute on attrelid = objoid and attnum = objsubid
                where classoid = 'pg_class'::regclass and objoid = found.class_oid
            loop
                again := again || format('comment on %s is %L', grants.what, grants.description);
            end loop;
            execute format('drop view %s', found.name);
        end loop;
        {{ change }};
        foreach statement in array again loop
            execute statement;
        end loop;
    end
    $again$
{%- endmacro %}
