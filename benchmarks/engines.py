"""Empty warehouses to load and build: on DuckDB, on a real PostgreSQL, on Spark."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import psycopg2
from sqlalchemy import make_url

from tutormax.postgres.commands import environment, url_from_environment
from tutormax.postgres.migrate import migrate
from tutormax.postgres.server import LocalServer
from tutormax.spark.directories import make_directories


class Engines:
    """Opens warehouses; the private PostgreSQL server starts with the first that needs it.

    The server runs as in production: durable, settings as they come. `TUTORMAX_PG_HOST` and its
    like name another.
    """

    def __init__(self, folder: Path, exits: ExitStack) -> None:
        self.folder = folder
        self._exits = exits
        self._server: str | None = None

    @contextmanager
    def warehouse(self, engine: str, folder: Path) -> Iterator[dict[str, str]]:
        """An empty warehouse, as the variables that name it; gone afterwards."""
        if engine == "duckdb":
            file = folder / "warehouse.duckdb"
            yield {"TUTORMAX_TARGET": "duckdb", "TUTORMAX_DUCKDB_PATH": str(file)}
            file.unlink(missing_ok=True)
            return
        if engine == "spark":
            place = folder / "spark"
            make_directories(place)
            yield {"TUTORMAX_TARGET": "spark", "TUTORMAX_SPARK_DIR": str(place)}
            return
        name = f"tutormax_bench_{uuid4().hex[:12]}"
        self._execute(f"create database {name}")
        try:
            url = make_url(self._url()).set(database=name).render_as_string(hide_password=False)
            migrate(url)
            yield environment(url) | {"TUTORMAX_TARGET": "postgres"}
        finally:
            self._execute(f"drop database {name} with (force)")

    def versions(self) -> list[str]:
        """PostgreSQL and its version, if it was needed."""
        return [f"PostgreSQL {self._execute('show server_version')}"] if self._server else []

    def _url(self) -> str:
        if self._server is None:
            named = url_from_environment()
            if named is None:
                server = LocalServer(self.folder / "postgres")
                server.start(attached=True)
                self._exits.callback(server.stop)
                named = server.url("postgres")
            self._server = named
        return self._server

    def _execute(self, statement: str) -> str | None:
        connection = psycopg2.connect(self._url())
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return str(cursor.fetchall()[0][0]) if cursor.description else None
        finally:
            connection.close()


def machine(*versions: str) -> str:
    """The machine and the versions, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return ", ".join(
        [
            f"{os.cpu_count()} cores, {memory:.0f} GiB of memory",
            f"Python {sys.version.split()[0]}",
            f"dbt {version('dbt-core')}",
            f"DuckDB {version('duckdb')}",
            *versions,
        ]
    )
