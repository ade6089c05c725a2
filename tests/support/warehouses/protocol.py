"""What every warehouse of the tests can do, whatever its engine."""

from __future__ import annotations

import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest
from typer.testing import CliRunner

from support.project import BUILD, REPOSITORY, Build, Project, Variables, environment
from support.tables import PUBLISHED, Row, Tables, by_key
from tutormax.cli import commands
from tutormax.errors import UserError
from tutormax.load.loader import load_directory
from tutormax.warehouse import RawTarget

Rows = list[tuple[Any, ...]]

AGAIN = ("run", "--exclude", "config.materialized:replaced_view")


class Warehouse(ABC):
    """Tables of raw to fill, dbt to build with, commands to run, and everything to read."""

    target: ClassVar[str]

    def __init__(self, project: Project, folder: Path, env: Mapping[str, str]) -> None:
        self.project = project
        self.folder = folder
        self.environment = {
            "TUTORMAX_TARGET": self.target,
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "DBT_PROFILES_DIR": str(REPOSITORY),
            **env,
        }

    @abstractmethod
    def cursor(self) -> AbstractContextManager[Any]:
        """Connect, and give what executes SQL and fetches rows."""

    @abstractmethod
    def insert(self, world: Mapping[str, Iterable[Row]]) -> None:
        """Append rows to raw; columns that a row does not name are null."""

    def load(self, folder: Path) -> None:
        """Append the files of a folder to raw, as `tutormax load` does."""
        with environment(self.environment):
            load_directory(folder, RawTarget(self.target))

    # dbt.

    def dbt(
        self, *words: str, variables: Variables = None, env: Mapping[str, str] | None = None
    ) -> Build:
        """Run dbt in this process."""
        return self.project.run(*words, env=self.environment | dict(env or {}), variables=variables)

    def try_build(
        self, *words: str, variables: Variables = None, env: Mapping[str, str] | None = None
    ) -> Build:
        """Run `dbt build` without dbt's own tests."""
        return self.dbt(*BUILD, *words, variables=variables, env=env)

    def build(
        self, *words: str, variables: Variables = None, env: Mapping[str, str] | None = None
    ) -> Build:
        """Run `dbt build` without dbt's own tests, and demand that it succeeds.

        What is built whole already keeps its seeds, and its views, which hold nothing.
        """
        again = not {"--select", "--exclude"} & {*words} and self._has_views()
        build = self.dbt(*(AGAIN if again else BUILD), *words, variables=variables, env=env)
        assert build.succeeded, build.message
        return build

    def fill(self, *words: str, variables: Variables = None) -> Build:
        """Build the tables, and demand that it succeeds: seeds stand, and views hold nothing."""
        build = self.dbt(*AGAIN, *words, variables=variables)
        assert build.succeeded, build.message
        return build

    def said(self, done: Build) -> str:
        """The sentence of the last build, which must have succeeded."""
        assert done.succeeded, done.message
        return str(max(self.rows("tutormax_runs"), key=lambda row: row["started_at"])["summary"])

    def _has_views(self) -> bool:
        views = "select 1 from information_schema.views where table_schema = 'tutormax'"
        return bool(self.execute(views))

    @property
    def manifest(self) -> Any:
        """A copy of the parsed project, with the names of this warehouse."""
        return self.project.manifest_for(self.environment)

    # Reading.

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> Rows:
        """Run SQL, and give the rows that it selects, if it does."""
        with self.cursor() as cursor:
            return _fetched(cursor, sql, parameters)[1]

    def query(self, sql: str) -> tuple[list[str], Rows]:
        """The names of the columns, and the rows."""
        with self.cursor() as cursor:
            return _fetched(cursor, sql)

    def rows(self, table: str, schema: str = "tutormax") -> list[Row]:
        with self.cursor() as cursor:
            return _rows(cursor, table, schema)

    def published(self, *tables: str, audit: bool = False) -> Tables:
        """The rows of the published tables by key; the audit columns only if asked for."""
        with self.cursor() as cursor:
            return {
                table: by_key(table, _rows(cursor, table, "tutormax"), audit=audit)
                for table in tables or PUBLISHED
            }

    def everything(self) -> dict[str, list[str]]:
        """Every row of every table in every schema, as text, in no order of time."""
        tables = self.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_type = 'BASE TABLE' "
            "and table_schema not in ('pg_catalog', 'information_schema') order by 1, 2"
        )
        with self.cursor() as cursor:
            return {
                f"{schema}.{name}": sorted(
                    repr(row) for row in _fetched(cursor, f'select * from "{schema}"."{name}"')[1]
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

    def texts(self, relations: Mapping[str, Iterable[str]]) -> dict[str, Counter[str]]:
        """The rows of tables as the engine writes them, and how often each is there.

        A table is named with the columns to leave out.
        """
        found = {}
        with self.cursor() as cursor:
            for relation, without in relations.items():
                names, _ = _fetched(cursor, f"select * from {relation} limit 0")
                # A column that was added later stands last.
                columns = ", ".join(f'"{name}"' for name in sorted({*names} - {*without}))
                rows = _fetched(
                    cursor,
                    f"select cast(told as varchar) from (select {columns} from {relation}) as told",
                )[1]
                found[relation] = Counter(text for (text,) in rows)
        return found

    # Commands.

    def command(self, *words: str) -> str:
        """Run `tutormax …` in this process and return what it prints."""
        with environment(self.environment), self.project.lent(self.environment):
            result = CliRunner().invoke(commands, words)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    def refused(self, *words: str) -> str:
        """Run `tutormax …` that must be refused, and return the sentence."""
        with pytest.raises(UserError) as refusal:
            self.command(*words)
        sentence = str(refusal.value)
        assert sentence and "\n" not in sentence
        return sentence

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


class DatabaseWarehouse(Warehouse):
    """A warehouse in one database, which can be copied as a whole."""

    _copied_from: DatabaseWarehouse | None = None

    def copy(self) -> Self:
        """Give a second warehouse that holds what this one holds."""
        copied = self._new_copy()
        copied._copied_from = self
        return copied

    def restore(self) -> None:
        """Hold again what the warehouse holds that this one was copied from."""
        assert self._copied_from is not None
        self._replace(self._copied_from)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Remove the database."""

    @abstractmethod
    def insert_tables_of(self, other: Self, tables: Iterable[str]) -> None:
        """Append what another warehouse holds in tables, in another order of rows."""

    @abstractmethod
    def _new_copy(self) -> Self: ...

    @abstractmethod
    def _replace(self, original: Any) -> None:
        """Hold what another warehouse holds, and nothing else."""


def _fetched(
    cursor: Any, sql: str, parameters: Sequence[Any] | None = None
) -> tuple[list[str], Rows]:
    cursor.execute(sql, parameters)
    names = [column[0] for column in cursor.description or ()]
    return names, cursor.fetchall() if names else []


def _rows(cursor: Any, table: str, schema: str) -> list[Row]:
    names, rows = _fetched(cursor, f'select * from {schema}."{table}"')
    return [dict(zip(names, values, strict=True)) for values in rows]
