"""`tutormax roles`: the roles that read the published tables, and the one that loads raw."""

from __future__ import annotations

from typing import Annotated

import psycopg2
import typer

from tutormax.errors import UserError
from tutormax.operations.project import refuse_prefix, run_operation
from tutormax.schema import RAW_SCHEMA, metadata
from tutormax.warehouse import Target, connect_postgres, first_line

ROLES = {
    "tutormax_analyst": "reads the published tables without the columns that are personal",
    "tutormax_ops": "reads all published tables",
    "tutormax_tutor_portal": "reads the metrics of tutors and their tiers",
    "tutormax_loader": "reads raw and adds to it",
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
    `grant tutormax_analyst to somebody`.
    """
    make_roles(target)
    for name, what in ROLES.items():
        typer.echo(f"{name} {what}.")


def make_roles(target: Target) -> None:
    """Create missing roles and grant all of them their rights.

    Raises:
        UserError: the engine has no roles, or the server fails.
    """
    if target is not Target.POSTGRES:
        raise UserError("DuckDB has no roles: who can read the file reads all of it.")
    refuse_prefix()
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
    except psycopg2.Error as error:
        raise UserError(f"PostgreSQL did not make the roles: {first_line(error)}") from error
    finally:
        connection.close()
    run_operation(target, "apply_role_grants")


def create_role(name: str) -> str:
    """Return the SQL that creates a role if it does not exist."""
    # Two at once: the role may appear between check and creation.
    return (
        f"do $$ begin if to_regrole('{name}') is null then create role {name} nologin; end if; "
        "exception when duplicate_object or unique_violation then null; end $$"
    )
