{#-
    Locks of readers stand in the way of nothing but a change of a relation's definition, so they are named of the
    relations alone that the statement was about.
-#}
{% macro locked_sentence(relations) -%}
    select
        'Gave up waiting for a lock (postgres_settings.lock_timeout): '
        || coalesce(string_agg(distinct holder, ', '), 'its holder has let go since')
        || '. Wait for that session or end it, then run the command again.'
    from (
        select format(
            '%s.%s is locked by process %s (application "%s", user %s)',
            schemas.nspname, classes.relname, sessions.pid, sessions.application_name, sessions.usename
        ) as holder
        from pg_catalog.pg_locks as locks
        inner join pg_catalog.pg_class as classes on locks.relation = classes.oid
        inner join pg_catalog.pg_namespace as schemas on classes.relnamespace = schemas.oid
        inner join pg_catalog.pg_stat_activity as sessions on locks.pid = sessions.pid
        where
            locks.granted
            and locks.pid <> pg_backend_pid()
            and locks.database = (select oid from pg_catalog.pg_database where datname = current_database())
            and classes.relkind in ('r', 'p', 'v')
            and (
                schemas.nspname || '.' || classes.relname in ('{{ relations | join("', '") }}')
                or schemas.nspname in ('{{ project_schemas() | join("', '") }}')
                and locks.mode not in ('AccessShareLock', 'RowShareLock')
            )
    ) as held
{%- endmacro %}
