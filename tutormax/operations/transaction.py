"""One transaction on either engine, with the columns of its tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import duckdb
import psycopg2
from psycopg2.extensions import cursor as PgCursor

from tutormax.errors import UserError
from tutormax.postgres.session import commit
from tutormax.private import private_files
from tutormax.warehouse import (
    Target,
    connect_duckdb,
    connect_postgres,
    duckdb_path,
    ensure_archive_duckdb,
    first_line,
    place_of,
    quote,
)

RAW = "raw"
ARCHIVE = "archive"
STAGING = "staging"
INTERMEDIATE = "intermediate"
PUBLISHED = "tutormax"
ANALYST = "analyst"
SCHEMAS = (RAW, ARCHIVE, STAGING, INTERMEDIATE, PUBLISHED, ANALYST)
"""Where rows about people may be."""


class _Execute(Protocol):
    def __call__(self, sql: str) -> tuple[Sequence[tuple[Any, ...]], int]: ...


@dataclass(frozen=True)
class Relation:
    """A table by schema and name; as text, quoted for SQL."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{quote(self.schema)}.{quote(self.name)}"


class Transaction:
    """The open transaction. SQL is text; `literal` quotes values."""

    def __init__(self, target: Target, execute: _Execute) -> None:
        self.target = target
        self.keep = True
        """False: at the end everything is undone."""
        self._execute = execute

    def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """Run a query and return its rows."""
        return self._execute(sql)[0]

    def value(self, sql: str) -> Any:
        """Run a query of one row and one column and return the value."""
        ((value,),) = self.rows(sql)
        return value

    def change(self, sql: str) -> int:
        """Run a statement that changes rows and return how many."""
        return self._execute(sql)[1]

    @cached_property
    def columns(self) -> dict[Relation, dict[str, str]]:
        """The columns, with their types, of every table (not view) in the project's schemas."""
        listed = ", ".join(map(literal, SCHEMAS))
        tables: dict[Relation, dict[str, str]] = {}
        for schema, table, column, kind in self.rows(
            "select columns.table_schema, columns.table_name, columns.column_name, "
            "lower(columns.data_type) from information_schema.columns as columns "
            "inner join information_schema.tables as tables "
            "on columns.table_schema = tables.table_schema "
            "and columns.table_name = tables.table_name "
            "and columns.table_catalog = tables.table_catalog "
            f"where columns.table_schema in ({listed}) and tables.table_type = 'BASE TABLE' "
            "and columns.table_catalog = current_database() "
            "order by columns.table_schema, columns.table_name, columns.ordinal_position"
        ):
            tables.setdefault(Relation(schema, table), {})[column] = kind
        return tables

    def has(self, schema: str, name: str) -> bool:
        """Return whether a table exists."""
        return Relation(schema, name) in self.columns

    def versions(self, relation: Relation) -> list[Relation]:
        """The table, if it exists, and the tables of other versions of the same model."""
        name = re.compile(rf"{re.escape(relation.name)}(_v[0-9a-z]+)?")
        return sorted(
            (
                one
                for one in self.columns
                if one == relation
                or (one.schema == relation.schema == PUBLISHED and name.fullmatch(one.name))
            ),
            key=str,
        )

    def published(self, name: str) -> Relation:
        """The published table of a model: the first version's if that stands, else a later one."""
        relation = Relation(PUBLISHED, name)
        versions = self.versions(relation)
        return relation if relation in versions or not versions else versions[-1]


def literal(text: str) -> str:
    """`text` as an SQL string; backslashes are literal on both engines."""
    return "'" + text.replace("'", "''") + "'"


def in_duckdb(connection: duckdb.DuckDBPyConnection) -> Transaction:
    """The transaction that is open on a connection to DuckDB."""

    def execute(sql: str) -> tuple[Sequence[tuple[Any, ...]], int]:
        result = connection.execute(sql)
        rows = result.fetchall() if result.description else []
        changed = rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else 0
        return rows, changed if isinstance(changed, int) else 0

    return Transaction(Target.DUCKDB, execute)


def in_postgres(cursor: PgCursor) -> Transaction:
    """The transaction that a cursor of PostgreSQL works in."""

    def execute(sql: str) -> tuple[Sequence[tuple[Any, ...]], int]:
        cursor.execute(sql)
        return (cursor.fetchall() if cursor.description else []), cursor.rowcount

    return Transaction(Target.POSTGRES, execute)


@contextmanager
def transaction(target: Target) -> Iterator[Transaction]:
    """Open a transaction: commit at the end, roll back on any error.

    Raises:
        UserError: the warehouse cannot be reached, or fails.
    """
    if target is Target.DUCKDB:
        with private_files(), _duckdb_transaction() as opened:
            yield opened
    else:
        with _postgres_transaction() as opened:
            yield opened


@contextmanager
def _duckdb_transaction() -> Iterator[Transaction]:
    connect_duckdb(read_only=True).close()  # fails if there is no file
    connection = connect_duckdb()

    try:
        connection.execute("begin transaction")
        ensure_archive_duckdb(connection)
        opened = in_duckdb(connection)
        yield opened
        if opened.keep:
            connection.execute("commit")
            connection.execute("checkpoint")
    except duckdb.Error as error:
        raise UserError(
            f"{duckdb_path()} did not take the change, and nothing was changed: {first_line(error)}"
        ) from error
    finally:
        connection.close()


@contextmanager
def _postgres_transaction() -> Iterator[Transaction]:
    connection = connect_postgres()

    try:
        with connection.cursor() as cursor:
            opened = in_postgres(cursor)
            if not opened.has(ARCHIVE, "retained_pending_ratings"):
                raise UserError(
                    f"The archive in {place_of(Target.POSTGRES)} is not up to date; "
                    "run `alembic upgrade head` there first."
                )
            yield opened
        if opened.keep:
            commit(connection, connect_postgres)
    except psycopg2.Error as error:
        raise UserError(
            f"{place_of(Target.POSTGRES)} did not take the change, and nothing was changed: "
            f"{first_line(error)}"
        ) from error
    finally:
        connection.close()
