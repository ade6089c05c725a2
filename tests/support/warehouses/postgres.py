"""A warehouse in a database of PostgreSQL."""

from __future__ import annotations

import io
import os
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
from psycopg2.extensions import AsIs
from psycopg2.extensions import connection as PgConnection
from psycopg2.extras import Json, execute_values
from sqlalchemy import make_url

from support.project import PostgresProject
from support.tables import DEFAULT_ARRIVAL, Row
from support.warehouses.protocol import DatabaseWarehouse
from tutormax.postgres.migrate import migrate
from tutormax.schema import LOADED_AT, RAW_SCHEMA
from tutormax.warehouse import quote

DatabaseFactory = Callable[..., AbstractContextManager[str]]


def create_database(server: str, template: str | None = None, locale: str | None = None) -> str:
    """Make a database, or a copy of one that nobody is connected to, and give its URL.

    `locale` is one of the server's machine; without it the database has that of the server, C.
    """
    name = f"tutormax_test_{uuid4().hex}"
    options = f" template {template}" if template else ""
    if locale:
        options = f" template template0 locale_provider libc locale '{locale}'"
    execute_on(server, f"create database {name}{options}")
    return database_at(server, name)


def drop_database(url: str) -> None:
    server = database_at(url, "postgres")
    execute_on(server, f"drop database if exists {make_url(url).database} with (force)")


def database_at(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def execute_on(url: str, statement: str) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


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


class PostgresWarehouse(DatabaseWarehouse):
    target = "postgres"
    project: PostgresProject

    def __init__(self, project: PostgresProject, folder: Path, url: str) -> None:
        self.url = url
        parts = make_url(url)
        self.database = str(parts.database)
        self.server = database_at(url, "postgres")
        super().__init__(
            project,
            folder,
            {
                "TUTORMAX_PG_HOST": str(parts.host),
                "TUTORMAX_PG_PORT": str(parts.port),
                "TUTORMAX_PG_USER": str(parts.username),
                "TUTORMAX_PG_PASSWORD": str(parts.password or ""),
                "TUTORMAX_PG_DATABASE": self.database,
            },
        )

    @classmethod
    def create(
        cls, project: PostgresProject, folder: Path, server: str, locale: str | None = None
    ) -> PostgresWarehouse:
        """Make a database on a server, with the migrations applied; see `create_database`."""
        url = create_database(server, locale=locale)
        migrate(url)
        return cls(project, folder, url)

    def connect(self) -> PgConnection:
        """Connect as analysts do: the published schema is the one searched."""
        connection = psycopg2.connect(self.url, options="-c TimeZone=UTC -c search_path=tutormax")
        connection.autocommit = True
        return connection

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            yield cursor

    def insert(self, world: Mapping[str, Iterable[Row]]) -> None:
        with self.cursor() as cursor:
            for table, rows in world.items():
                arrived = [{LOADED_AT: DEFAULT_ARRIVAL} | row for row in rows]
                insert_rows(cursor, f"{RAW_SCHEMA}.{table}", arrived)

    def insert_tables_of(self, other: PostgresWarehouse, tables: Iterable[str]) -> None:
        with self.cursor() as ours, other.cursor() as theirs:
            for table in tables:
                held = io.StringIO()
                theirs.copy_expert(
                    f"copy (select * from {table} order by random()) to stdout", held
                )
                held.seek(0)
                ours.copy_expert(f"copy {table} from stdin", held)

    def close(self) -> None:
        drop_database(self.url)

    def start(self, *words: str) -> Fork:
        """Run dbt in a fork of this process, which need not import and parse anew.

        It ends with 0 if the run succeeded.
        """
        log = self.folder / f"{uuid4().hex}.log"
        pid = os.fork()
        if pid:
            return Fork(pid, log)
        code = 2
        try:
            output = os.open(log, os.O_WRONLY | os.O_CREAT)
            os.dup2(output, 1)
            os.dup2(output, 2)
            build = self.dbt(*words)
            os.write(output, build.message.encode())
            code = 0 if build.succeeded else 1
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)  # nothing of the parent's is to be tidied up here

    def _new_copy(self) -> PostgresWarehouse:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        return PostgresWarehouse(
            self.project, folder, create_database(self.server, template=self.database)
        )

    def _replace(self, original: PostgresWarehouse) -> None:
        drop_database(self.url)
        execute_on(self.server, f"create database {self.database} template {original.database}")


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
