"""`tutormax roles`: the roles that read the published tables, and the one that loads raw."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import psycopg2
import typer

from tutormax.errors import UserError
from tutormax.operations.project import refuse_prefix, run_operation
from tutormax.operations.transaction import ANALYST, PUBLISHED, SCHEMAS, literal
from tutormax.schema import RAW_SCHEMA, metadata
from tutormax.warehouse import Target, connect_postgres, first_line

ROLES = {
    "tutormax_analyst": "reads the schema analyst: what is published, without what is personal",
    "tutormax_ops": "reads all published tables",
    "tutormax_tutor_portal": "reads the metrics of tutors and their tiers",
    "tutormax_loader": "reads raw and adds to it, and reads the hashes of erased people",
}
"""What each role may do; nobody logs in as one, it is granted to those who do."""


def roles(
    target: Annotated[
        Target,
        typer.Option(envvar="TUTORMAX_TARGET", help="The engine; only PostgreSQL has roles."),
    ] = Target.POSTGRES,
) -> None:
    """Make the roles on PostgreSQL, or bring them up to date, and grant what each may read.

    Builds grant anew on what they publish. Give a role to a person with
    `grant tutormax_analyst to somebody`, then run this again: it puts the schema analyst first on
    their search path.
    """
    left = make_roles(target)
    for name, what in ROLES.items():
        typer.echo(f"{name} {what}.")
    for grant in left:
        typer.echo(f"Warning: {grant}")


def make_roles(target: Target) -> list[str]:
    """Create missing roles, grant all of them their rights, and close the schema `public`.

    Returns what others may do on the project's tables, and what could not be closed.

    Raises:
        UserError: the engine has no roles, or the server fails.
    """
    if target is not Target.POSTGRES:
        raise UserError("DuckDB has no roles: who can read the file reads all of it.")
    refuse_prefix(target)
    connection = connect_postgres()
    try:
        with connection, connection.cursor() as cursor:
            for name in ROLES:
                cursor.execute(create_role(name))
            cursor.execute(f"select to_regnamespace('{RAW_SCHEMA}') is not null")
            (migrated,) = cursor.fetchone() or (False,)
            if not migrated:
                raise UserError("There is no schema raw: run `alembic upgrade head` there first.")
            cursor.execute(f"grant usage on schema {RAW_SCHEMA} to tutormax_loader")
            for table in metadata.tables.values():
                relation = f"{RAW_SCHEMA}.{table.name}"
                cursor.execute(f"revoke all on {relation} from tutormax_loader")
                cursor.execute(f"grant select, insert on {relation} to tutormax_loader")
            # A load must recognise rows of erased people.
            cursor.execute("select to_regclass('archive.tombstones') is not null")
            if cursor.fetchone() == (True,):
                cursor.execute("grant usage on schema archive to tutormax_loader")
                cursor.execute("grant select on archive.tombstones to tutormax_loader")
    except psycopg2.Error as error:
        raise UserError(f"PostgreSQL did not make the roles: {first_line(error)}") from error
    finally:
        connection.close()
    run_operation(target, "apply_role_grants")
    try:
        with closing(connect_postgres()) as session, session.cursor() as cursor:
            cursor.execute(_close_public())
            session.commit()
            cursor.execute(_search_paths())
            not_set = []
            for (statement,) in cursor.fetchall():
                try:
                    cursor.execute(statement)
                    session.commit()
                except psycopg2.errors.InsufficientPrivilege:
                    session.rollback()
                    not_set.append(f"This login may not run what an analyst needs: {statement};")
            cursor.execute(_leftovers())
            return not_set + [str(left) for (left,) in cursor.fetchall()]
    except psycopg2.Error as error:
        raise UserError(f"PostgreSQL does not answer: {first_line(error)}") from error


def _close_public() -> str:
    """The SQL that lets nobody but its owner create in `public`, if this login may say so."""
    return (
        "do $$ begin revoke create on schema public from public; "
        "exception when insufficient_privilege or invalid_schema_name then null; end $$"
    )


def _search_paths() -> str:
    """A query for what lets the logins of analysts find their views by plain names.

    Settings of a role are not those of its members, so each login needs its own; one that has a
    search path keeps it.
    """
    return f"""
        select format(
            'alter role %I in database %I set search_path = {ANALYST}, {PUBLISHED}',
            rolname, current_database()
        )
        from pg_roles
        where rolcanlogin and not rolsuper
            and pg_has_role(oid, 'tutormax_analyst', 'usage')
            and not pg_has_role(oid, 'tutormax_ops', 'usage')
            and not exists (
                select 1
                from pg_db_role_setting cross join lateral unnest(setconfig) as setting
                where setrole = pg_roles.oid and setting like 'search_path=%'
                    and setdatabase in (
                        0, (select oid from pg_database where datname = current_database())
                    )
            )
        order by 1
    """


def _leftovers() -> str:
    """A query for grants to everybody and to roles that this command does not make."""
    schemas = ", ".join(map(literal, SCHEMAS))
    ours = ", ".join(map(literal, ROLES))
    return f"""
        with granted as (
            select nspname, 'schema ' || quote_ident(nspname) as object, nspowner as owner, acl.*
            from pg_namespace cross join lateral aclexplode(nspacl) as acl
            union all
            select nspname, format('%I.%I', nspname, relname), relowner, acl.*
            from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace
            cross join lateral aclexplode(relacl) as acl
            union all
            select nspname, format('%I.%I (%I)', nspname, relname, attname), relowner, acl.*
            from pg_attribute inner join pg_class on pg_class.oid = attrelid
            inner join pg_namespace on pg_namespace.oid = relnamespace
            cross join lateral aclexplode(attacl) as acl
        )

        select format(
            '%s on %s is granted to %s, but not by this command; revoke it unless you mean it.',
            string_agg(distinct lower(privilege_type), ', '), object,
            case grantee when 0 then 'everybody' else grantee::regrole::text end
        )
        from granted
        where nspname in ({schemas}) and grantee <> owner
            and (grantee = 0 or grantee::regrole::text not in ({ours}))
        group by object, grantee
        union all
        select 'Everybody may create in the schema public; let its owner or a superuser run: '
            'revoke create on schema public from public;'
        from pg_namespace cross join lateral
            aclexplode(coalesce(nspacl, acldefault('n', nspowner))) as acl
        where nspname = 'public' and grantee = 0 and privilege_type = 'CREATE'
        order by 1
    """


def create_role(name: str) -> str:
    """Return the SQL that creates a role if it does not exist."""
    # Two at once: the role may appear between check and creation.
    return (
        f"do $$ begin if to_regrole('{name}') is null then create role {name} nologin; end if; "
        "exception when duplicate_object or unique_violation then null; end $$"
    )
