"""`tutormax check`: what a login on PostgreSQL lacks, before a command fails on it."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import typer

from tutormax.errors import UserError
from tutormax.operations.project import schema_prefix
from tutormax.operations.roles import ROLES
from tutormax.operations.transaction import ARCHIVE, RAW, SCHEMAS, literal
from tutormax.options import TargetOption
from tutormax.private import folders_of_dbt, is_open
from tutormax.warehouse import (
    Target,
    connect_duckdb,
    connect_postgres,
    duckdb_path,
    first_line,
    place_of,
)

_OLDEST = 14


def check(
    target: TargetOption = Target.DUCKDB,
) -> None:
    """Say what this login lacks for migrations, builds, erase, archive and roles.

    Nothing is changed. The exit code is 1 if something is missing.
    """
    missing = missing_on_postgres() if target is Target.POSTGRES else _missing_on_duckdb()
    for line in missing:
        typer.echo(line)
    if missing:
        raise UserError(
            f"{len(missing)} {'thing is' if len(missing) == 1 else 'things are'} missing in "
            f"{place_of(target)}; the section Rights of docs/production.md has the whole SQL."
        )
    typer.echo(f"Nothing is missing in {place_of(target)}.")


def _missing_on_duckdb() -> list[str]:
    connect_duckdb().close()
    return [
        f"Privacy: others on this machine can read {path}: chmod {mode} {path}"
        for path, mode in ((duckdb_path(), 600), *((folder, 700) for folder in folders_of_dbt()))
        if is_open(path)
    ]


def missing_on_postgres() -> list[str]:
    """Return a sentence for each thing that this login lacks."""
    try:
        with closing(connect_postgres()) as session, session.cursor() as cursor:

            def rows(sql: str) -> list[tuple[str, ...]]:
                cursor.execute(sql)
                return cursor.fetchall()

            version = session.info.server_version // 10_000
            found = (
                [] if version >= _OLDEST else [f"PostgreSQL {_OLDEST} or later: it is {version}"]
            )
            return found + [sentence for sql in _questions() for (sentence,) in rows(sql)]
    except psycopg2.Error as error:
        raise UserError(f"PostgreSQL does not answer: {first_line(error)}") from error


def _questions() -> list[str]:
    """Queries that return a sentence for each thing that is missing."""
    prefix = schema_prefix(Target.POSTGRES)
    names = [name if name in (RAW, ARCHIVE) else prefix + name for name in SCHEMAS]
    schemas = ", ".join(f"({literal(name)})" for name in names)
    roles = ", ".join(f"({literal(name)})" for name in ROLES)
    return [
        "select format('The right to make temporary tables: grant temporary on database %I to %I;',"
        " current_database(), current_user)"
        " where not has_database_privilege(current_database(), 'temporary')",
        "select format('The schema %I: create schema %I authorization %I;', name, name,"
        f" current_user) from (values {schemas}) as wanted (name)"
        " where to_regnamespace(quote_ident(name)) is null"
        " and not has_database_privilege(current_database(), 'create')",
        "select format('The right to create in the schema %I: grant usage, create on schema %I to"
        f" %I;', name, name, current_user) from (values {schemas}) as wanted (name)"
        " where to_regnamespace(quote_ident(name)) is not null"
        " and not has_schema_privilege(quote_ident(name), 'usage, create')",
        "select format('The ownership of %I.%I: alter table %I.%I owner to %I;', nspname, relname,"
        " nspname, relname, current_user) from pg_class inner join pg_namespace"
        " on pg_class.relnamespace = pg_namespace.oid"
        f" inner join (values {schemas}) as wanted (name) on nspname = name"
        " where relkind in ('r', 'p', 'v') and not pg_has_role(relowner, 'usage')",
        f"select format('The role %I: create role %I;', name, name) from (values {roles})"
        " as wanted (name) where to_regrole(name) is null and not (select rolcreaterole or rolsuper"
        " from pg_roles where rolname = current_user)",
        "select format('Strings without escapes: alter role %I set standard_conforming_strings ="
        " on;', current_user) from pg_settings"
        " where name = 'standard_conforming_strings' and reset_val = 'off'",
        "select 'A schema public in which nobody else may create: revoke create on schema public"
        " from public;' from pg_namespace cross join lateral"
        " aclexplode(coalesce(nspacl, acldefault('n', nspowner))) as acl"
        " where nspname = 'public' and grantee = 0 and privilege_type = 'CREATE'",
    ]
