"""`tutormax init`: makes an empty warehouse beside the one of the sample."""

from __future__ import annotations

import os
import re
import shlex
from contextlib import closing
from typing import Annotated

import typer

from tutormax.errors import UserError
from tutormax.options import RawTargetOption
from tutormax.postgres.commands import environment
from tutormax.warehouse import (
    RawTarget,
    connect_duckdb,
    connect_postgres,
    duckdb_path,
    ensure_raw_duckdb,
    postgres_url,
    quote,
    spark_directory,
)

_NAME = re.compile("[a-z_][a-z0-9_]{0,40}")


def init(
    name: Annotated[str, typer.Argument(help="What the file or database is called.")] = "own",
    target: RawTargetOption = RawTarget.DUCKDB,
) -> None:
    """Make a warehouse of your own, and print what names it: eval "$(tutormax init)".

    One that is there already is left as it is.
    """
    if not _NAME.fullmatch(name):
        raise UserError(
            f"'{name}' cannot name a warehouse: give at most 40 letters (a-z), digits and _."
        )
    made = {
        RawTarget.DUCKDB: _make_file,
        RawTarget.POSTGRES: _make_database,
        RawTarget.SPARK: _name_folder,
    }[target](name)
    for variable, value in ({"TUTORMAX_TARGET": target.value} | made).items():
        typer.echo(f"export {variable}={shlex.quote(value)}")
    typer.echo(
        f"The warehouse {name} is yours, apart from the sample. Next, in the shell in which "
        'eval "$(tutormax init)" ran:\n'
        "  tutormax load FOLDER\n  tutormax build\n  tutormax reports",
        err=True,
    )


def _make_file(name: str) -> dict[str, str]:
    path = duckdb_path().with_name(f"{name}.duckdb").resolve()
    with connect_duckdb(path) as duck:
        ensure_raw_duckdb(duck)
    return {"TUTORMAX_DUCKDB_PATH": str(path)}


def _make_database(name: str) -> dict[str, str]:
    with closing(connect_postgres()) as server:
        server.autocommit = True
        with server.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", [name])
            if not cursor.fetchall():
                cursor.execute(f"create database {quote(name)}")
    os.environ["TUTORMAX_PG_DATABASE"] = name
    from tutormax.postgres.migrate import migrate  # noqa: PLC0415 - Alembic takes a while

    migrate(postgres_url())
    return environment(postgres_url())


def _name_folder(name: str) -> dict[str, str]:
    return {"TUTORMAX_SPARK_DIR": str(spark_directory().with_name(f"spark-{name}").resolve())}
