"""Real PostgreSQL databases, filled by tests and built by real dbt."""

from __future__ import annotations

import json
import os
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from psycopg2.extensions import AsIs
from psycopg2.extensions import connection as PgConnection
from psycopg2.extras import Json, execute_values
from sqlalchemy import make_url

from support.factories import event, random_world, session, tutor
from support.warehouses.duckdb import (
    AUDIT,
    DEFAULT_ARRIVAL,
    PUBLISHED,
    REPOSITORY,
    WITHOUT_TESTS,
    Build,
    Row,
    World,
    environment,
    key_of,
    merged,
    spare_collector,
)
from tutormax.load import load_directory
from tutormax.postgres.migrate import migrate
from tutormax.schema import LOADED_AT, RAW_SCHEMA
from tutormax.warehouse import RawTarget, quote

BUILD = ("build", *WITHOUT_TESTS)

DatabaseFactory = Callable[..., AbstractContextManager[str]]

WORLD: World = merged(
    random_world(5, days=20),
    {
        "tutors": [tutor("refused", status="unknown")],
        "sessions": [
            session("refused", "refused", "student-1", "2025-03-05 10:00"),
            session("unrated", "tutor-1", "student-1", "2025-03-05 10:00"),
        ],
        "tutor_events": [event("spare", "tutor-1", "2025-03-05 10:00")],
    },
)
"""Some weeks of five tutors, and two rows that are refused: what `built_database` holds."""


@dataclass(frozen=True)
class Fork:
    """A run of dbt in a process of its own."""

    pid: int
    log: Path

    def wait(self) -> int:
        """Wait for the end and give the exit code; minus the signal if one ended it."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


class PostgresProject:
    """The dbt project, parsed once, and the one database of a server that it was parsed for.

    What dbt parses holds the name of the database, so warehouses take turns in it: each is copied
    from a template when it is opened and dropped when it is closed.
    """

    def __init__(self, server: str, folder: Path) -> None:
        self.server = server
        self.database = f"tutormax_test_{uuid4().hex}"
        self.url = make_url(server).set(database=self.database).render_as_string(False)
        self._folder = folder
        self._kept: list[str] = []
        result = self._invoke(dbtRunner(), "parse")
        assert result.success, result.exception
        self.manifest: Manifest = result.result
        spare_collector()

    @contextmanager
    def warehouse(self, template: str | None = None) -> Iterator[PostgresWarehouse]:
        """Open a migrated database, or a copy of `template` (see `PostgresWarehouse.keep`)."""
        copied = f" template {template}" if template else ""
        self._execute(f"create database {self.database}{copied}")
        try:
            if template is None:
                migrate(self.url)
            yield PostgresWarehouse(self)
        finally:
            self._execute(f"drop database {self.database} with (force)")

    def copy_database(self) -> str:
        """Give the name of a copy of the database; nobody may be connected to that."""
        name = f"tutormax_test_{uuid4().hex}"
        self._execute(f"create database {name} template {self.database}")
        self._kept.append(name)
        return name

    def close(self) -> None:
        for name in self._kept:
            self._execute(f"drop database {name} with (force)")

    def environment(self) -> dict[str, str]:
        """The variables that name the database."""
        url = make_url(self.url)
        return {
            "TUTORMAX_PG_HOST": str(url.host),
            "TUTORMAX_PG_PORT": str(url.port),
            "TUTORMAX_PG_USER": str(url.username),
            "TUTORMAX_PG_PASSWORD": str(url.password or ""),
            "TUTORMAX_PG_DATABASE": self.database,
        }

    def run(self, *words: str, variables: Mapping[str, Any] | None = None) -> Build:
        """Run dbt in this process."""
        errors: list[str] = []

        def listen(event: Any) -> None:
            if event.info.level == "error":
                errors.append(event.info.msg)

        result = self._invoke(
            # A run leaves its traces in the manifest, which the next run must not see.
            dbtRunner(manifest=self.manifest.deepcopy(), callbacks=[listen]),
            *words,
            "--vars",
            json.dumps(dict(variables or {})),
        )
        if result.exception is not None:
            errors.append(str(result.exception))
        return Build(result.success, "\n".join(errors))

    def start_fork(self, *words: str, variables: Mapping[str, Any] | None = None) -> Fork:
        """Run dbt in a fork of this process, which need not import and parse anew.

        It ends with 0 if the run succeeded.
        """
        log = self._folder / f"{uuid4().hex}.log"
        pid = os.fork()
        if pid:
            return Fork(pid, log)
        code = 2
        try:
            output = os.open(log, os.O_WRONLY | os.O_CREAT)
            os.dup2(output, 1)
            os.dup2(output, 2)
            build = self.run(*words, variables=variables)
            os.write(output, build.message.encode())
            code = 0 if build.succeeded else 1
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)  # nothing of the parent's is to be tidied up here

    def _invoke(self, runner: dbtRunner, *words: str) -> Any:
        folders = {
            "--project-dir": REPOSITORY,
            "--profiles-dir": REPOSITORY,
            "--target-path": self._folder / "target",
            "--log-path": self._folder / "logs",
        }
        options = [str(part) for option in folders.items() for part in option]
        with environment(self.environment()):
            return runner.invoke(
                ["--quiet", "--no-write-json", *words, "--target", "postgres", *options]
            )

    def _execute(self, statement: str) -> None:
        with closing(psycopg2.connect(self.server)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)


class PostgresWarehouse:
    """One PostgreSQL database with the tables of raw, to fill, build and read."""

    def __init__(self, project: PostgresProject) -> None:
        self.project = project

    def connect(self) -> PgConnection:
        """Connect as analysts do: the published schema is the one searched."""
        connection = psycopg2.connect(
            self.project.url, options="-c TimeZone=UTC -c search_path=tutormax"
        )
        connection.autocommit = True
        return connection

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def insert(self, world: Mapping[str, Iterable[Row]]) -> None:
        """Append rows to raw; columns that a row does not name are null."""
        with closing(self.connect()) as connection:
            append_to_postgres(connection, world)

    def load(self, folder: Path) -> None:
        """Append the files of a folder to raw, as `tutormax load` does."""
        with environment(self.project.environment()):
            load_directory(folder, RawTarget.POSTGRES)

    def build(self, *words: str, variables: Mapping[str, Any] | None = None) -> Build:
        """Run `dbt build` without dbt's own tests, and demand that it succeeds."""
        build = self.try_build(*words, variables=variables)
        assert build.succeeded, build.message
        return build

    def try_build(self, *words: str, variables: Mapping[str, Any] | None = None) -> Build:
        return self.project.run(*BUILD, *words, variables=variables)

    def rows(self, table: str, schema: str = "tutormax") -> list[Row]:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(f'select * from {schema}."{table}"')
            assert cursor.description is not None
            columns = [column.name for column in cursor.description]
            return [dict(zip(columns, values, strict=True)) for values in cursor.fetchall()]

    def published(self, *tables: str, audit: bool = False) -> dict[str, dict[Any, Row]]:
        """The rows of the published tables by key; the audit columns only if asked for."""
        result = {}
        for table in tables or PUBLISHED:
            hidden = set() if audit else AUDIT.get(table, set())
            rows = self.rows(table)
            result[table] = {
                key_of(table, row): {k: v for k, v in row.items() if k not in hidden}
                for row in rows
            }
            assert len(result[table]) == len(rows), f"{table} holds a key twice"
        return result

    def keep(self) -> str:
        """Give the name of a copy of this database, to open warehouses from."""
        return self.project.copy_database()


def append_to_postgres(connection: PgConnection, world: Mapping[str, Iterable[Row]]) -> None:
    """Append rows to raw; columns that a row does not name are null."""
    with connection.cursor() as cursor:
        for table, rows in world.items():
            arrived = [{LOADED_AT: DEFAULT_ARRIVAL} | row for row in rows]
            insert_rows(cursor, f"{RAW_SCHEMA}.{table}", arrived)


def insert_rows(cursor: Any, table: str, rows: Sequence[Row]) -> None:
    """Insert rows that name some of the columns of a table."""
    columns = sorted({name for row in rows for name in row})
    names = ", ".join(quote(column) for column in columns)
    execute_values(
        cursor,
        f"insert into {table} ({names}) values %s",
        [[_adapted(row.get(column)) for column in columns] for row in rows],
    )


def _adapted(value: Any) -> Any:
    if isinstance(value, float):
        return AsIs(f"'{value!r}'::float8")  # a number without a type loses the sign of zero
    return Json(value) if isinstance(value, dict) else value
