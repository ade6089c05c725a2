"""Warehouses on either engine, filled by tests, built by real dbt, worked on by the commands.

A warehouse can be saved and restored, so that many tests may begin with the same built one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from sqlalchemy import make_url
from typer.testing import CliRunner

from support.warehouses.duckdb import (
    PUBLISHED,
    REPOSITORY,
    WITHOUT_TESTS,
    Build,
    Row,
    append_to_duckdb,
    by_key,
    environment,
)
from support.warehouses.postgres import append_to_postgres
from tutormax.cli import commands
from tutormax.errors import UserError
from tutormax.postgres.migrate import migrate
from tutormax.warehouse import connect_duckdb, ensure_raw_duckdb

Rows = list[tuple[Any, ...]]
Tables = dict[str, dict[Any, Row]]

on_duckdb, on_postgres = (
    pytest.mark.parametrize("built_warehouse", [engine], indirect=True, scope="module")
    for engine in ("duckdb", "postgres")
)
"""For tests of what only one engine has."""


class EngineWarehouse(ABC):
    """One warehouse on one engine; subclasses say how to reach it and how to put it back."""

    target: str

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = {
            "TUTORMAX_TARGET": self.target,
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "DBT_PROFILES_DIR": str(REPOSITORY),
            **environment,
        }
        self._manifest: Any = None

    @abstractmethod
    def query(self, sql: str) -> tuple[list[str], Rows]: ...

    @abstractmethod
    def insert(self, world: Mapping[str, Iterable[Row]]) -> None: ...

    @abstractmethod
    def save(self) -> None: ...

    @abstractmethod
    def restore(self) -> None: ...

    def execute(self, sql: str) -> Rows:
        return self.query(sql)[1]

    def rows(self, table: str, schema: str = "tutormax") -> list[Row]:
        names, rows = self.query(f'select * from {schema}."{table}"')
        return [dict(zip(names, values, strict=True)) for values in rows]

    def published(self, *tables: str, audit: bool = True) -> Tables:
        return {
            table: by_key(table, self.rows(table), audit=audit) for table in tables or PUBLISHED
        }

    def build(self, *words: str, **variables: Any) -> None:
        done = self.try_build(*words, **variables)
        assert done.succeeded, done.message

    def try_build(self, *words: str, **variables: Any) -> Build:
        return self.dbt("build", *WITHOUT_TESTS, *words, "--vars", json.dumps(variables))

    def dbt(self, *words: str, env: Mapping[str, str] | None = None) -> Build:
        errors: list[str] = []

        def listen(event: Any) -> None:
            if event.info.level == "error":
                errors.append(event.info.msg)

        options = ["--quiet", "--no-write-json", "--project-dir", str(REPOSITORY)]
        with environment(self.environment | dict(env or {})):
            try:
                runner = dbtRunner(manifest=self.manifest().deepcopy(), callbacks=[listen])
                result = runner.invoke([*options[:2], *words, *options[2:]])
            finally:
                DuckDBConnectionManager.close_all_connections()
        if result.exception is not None:
            errors.append(str(result.exception))
        return Build(result.success, "\n".join(errors))

    def manifest(self) -> Any:
        """The parsed project, for the database of this warehouse."""
        if self._manifest is None:
            words = ["--quiet", "parse", "--no-write-json", "--project-dir", str(REPOSITORY)]
            with environment(self.environment):
                parsed = dbtRunner().invoke(words)
            assert parsed.success, parsed.exception
            self._manifest = parsed.result
        return self._manifest

    def command(self, *words: str) -> str:
        """Run `tutormax …` in this process and return what it prints."""
        with environment(self.environment):
            result = CliRunner().invoke(commands, words)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    def process(self, *words: str) -> str:
        """Run a program of the environment as people do, and return what it prints."""
        done = subprocess.run(
            [Path(sys.executable).with_name(words[0]), *words[1:]],
            capture_output=True,
            text=True,
            check=False,
            cwd=REPOSITORY,
            env=dict(os.environ) | self.environment,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *words: str) -> str:
        """Run `tutormax …` that must be refused, and return the sentence."""
        with pytest.raises(UserError) as refusal:
            self.command(*words)
        sentence = str(refusal.value)
        assert sentence and "\n" not in sentence
        return sentence

    def everything(self) -> dict[str, list[str]]:
        """Every row of every table in every schema, as text, in no order of time."""
        tables = self.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_type = 'BASE TABLE' "
            "and table_schema not in ('pg_catalog', 'information_schema') order by 1, 2"
        )
        return {
            f"{schema}.{name}": sorted(
                repr(row) for row in self.execute(f'select * from "{schema}"."{name}"')
            )
            for schema, name in tables
        }

    def mentions(self, *words: str) -> list[str]:
        """The tables in which any column of any row holds any of the words, in any case."""
        return [
            table
            for table, rows in self.everything().items()
            if any(word.lower() in row.lower() for row in rows for word in words)
        ]


class DuckDbWarehouse(EngineWarehouse):
    target = "duckdb"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "warehouse.duckdb"
        super().__init__(folder, {"TUTORMAX_DUCKDB_PATH": str(self.path)})
        with closing(connect_duckdb(self.path)) as connection:
            ensure_raw_duckdb(connection)

    def query(self, sql: str) -> tuple[list[str], Rows]:
        with closing(connect_duckdb(self.path)) as connection:
            result = connection.execute(sql)
            return [column[0] for column in result.description], result.fetchall()

    def insert(self, world: Mapping[str, Iterable[Row]]) -> None:
        with closing(connect_duckdb(self.path)) as connection:
            append_to_duckdb(connection, world)

    def save(self) -> None:
        shutil.copyfile(self.path, self.folder / "saved")

    def restore(self) -> None:
        self.path.with_name(self.path.name + ".wal").unlink(missing_ok=True)
        shutil.copyfile(self.folder / "saved", self.path)


class PostgresWarehouse(EngineWarehouse):
    target = "postgres"

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        parts = make_url(url)
        super().__init__(
            folder,
            {
                "TUTORMAX_PG_HOST": str(parts.host),
                "TUTORMAX_PG_PORT": str(parts.port),
                "TUTORMAX_PG_USER": str(parts.username),
                "TUTORMAX_PG_PASSWORD": str(parts.password or ""),
                "TUTORMAX_PG_DATABASE": str(parts.database),
            },
        )
        migrate(url)

    def query(self, sql: str) -> tuple[list[str], Rows]:
        return run_sql(self.url, sql)

    def insert(self, world: Mapping[str, Iterable[Row]]) -> None:
        with closing(psycopg2.connect(self.url)) as connection, connection:
            append_to_postgres(connection, world)

    def save(self) -> None:
        self._copy_database(self._name, self._saved)

    def restore(self) -> None:
        self._copy_database(self._saved, self._name)

    def drop_saved(self) -> None:
        run_sql(self._other, f"drop database if exists {self._saved} with (force)")

    @property
    def _name(self) -> str:
        return str(make_url(self.url).database)

    @property
    def _saved(self) -> str:
        return self._name + "_saved"

    @property
    def _other(self) -> str:
        return make_url(self.url).set(database="template1").render_as_string(hide_password=False)

    def _copy_database(self, source: str, copy: str) -> None:
        run_sql(self._other, f"drop database if exists {copy} with (force)")
        run_sql(self._other, f"create database {copy} template {source}")


def run_sql(url: str, sql: str) -> tuple[list[str], Rows]:
    with closing(psycopg2.connect(url, options="-c TimeZone=UTC")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            if cursor.description is None:
                return [], []
            return [column.name for column in cursor.description], cursor.fetchall()
