"""The two engines: data for Great Expectations, and SQL that they spell differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import pandas as pd
import psycopg2

from tutormax.errors import UserError
from tutormax.validate.checks import Check
from tutormax.validate.tables import TableContract
from tutormax.warehouse import (
    Target,
    connect_duckdb,
    connect_postgres,
    first_line,
    quote,
)

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.ephemeral_data_context import (
        EphemeralDataContext,
    )
    from great_expectations.datasource.fluent.interfaces import Batch

CELLS = 4_000_000
"""The most cells in a frame: a table of any length is read in frames of at most so many."""


class Engine(Protocol):
    """A warehouse, read only."""

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a small result."""

    def frame(self, sql: str) -> pd.DataFrame:
        """A small result as a frame."""

    def batches(
        self, context: EphemeralDataContext, table: TableContract, checks: Sequence[Check]
    ) -> Iterator[Batch]:
        """Batches of a table's rows for checks."""

    def catalog(self) -> Mapping[tuple[str, str], Mapping[str, str]]:
        """The columns of every table in order: {(schema, table): {column: type}}."""

    def matches(self, column: str, pattern: str) -> str:
        """SQL that is true if a text has a match of a regular expression."""


@contextmanager
def open_engine(target: Target) -> Iterator[Engine]:
    """Open the warehouse of a target.

    Raises:
        UserError: it cannot be reached or queried.
    """
    try:
        if target is Target.DUCKDB:
            with connect_duckdb(read_only=True) as connection:
                yield DuckDbEngine(connection)
            return
        server = connect_postgres(reads=True)
        try:
            yield PostgresEngine(server)
        finally:
            server.close()
    except psycopg2.errors.InsufficientPrivilege as error:
        raise UserError(
            f"`tutormax validate` reads raw and everything published, and this account may not "
            f"({first_line(error)}); run it as the owner of the tables."
        ) from error
    except (duckdb.Error, psycopg2.Error) as error:
        raise UserError(f"{target.value} does not answer: {first_line(error)}") from error


class DuckDbEngine:
    """A DuckDB file. Great Expectations cannot query it, so rows come as frames."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """See `Engine.query`."""
        return self._connection.execute(sql).fetchall()

    def frame(self, sql: str) -> pd.DataFrame:
        """See `Engine.frame`."""
        return self._connection.execute(sql).df()

    def batches(
        self, context: EphemeralDataContext, table: TableContract, checks: Sequence[Check]
    ) -> Iterator[Batch]:
        """Frames with the columns that checks need."""
        asked: dict[str, set[str]] = {}
        for check in checks:
            for column in check.columns:
                asked.setdefault(column, set()).add(check.rule)
        selected = ", ".join(
            f"{_as_read(table, column, rules)} as {quote(column)}"
            for column, rules in asked.items()
        )
        reader = self._connection.sql(f"select {selected} from {table.sql}").to_arrow_reader(
            max(CELLS // len(asked), 1)
        )
        for part in reader:
            yield frame_batch(context, part.to_pandas())

    def catalog(self) -> Mapping[tuple[str, str], Mapping[str, str]]:
        """See `Engine.catalog`."""
        return _by_table(
            self.query(
                "select schema_name, table_name, column_name, data_type from duckdb_columns() "
                "where database_name = current_database() "
                "order by schema_name, table_name, column_index"
            )
        )

    def matches(self, column: str, pattern: str) -> str:
        """See `Engine.matches`."""
        return f"regexp_matches({column}, '{pattern}')"


class PostgresEngine:
    """A PostgreSQL server, which Great Expectations queries itself."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """See `Engine.query`."""
        return self._run(sql)[1]

    def frame(self, sql: str) -> pd.DataFrame:
        """See `Engine.frame`."""
        names, rows = self._run(sql)
        return pd.DataFrame(rows, columns=names)

    def batches(
        self, context: EphemeralDataContext, table: TableContract, checks: Sequence[Check]
    ) -> Iterator[Batch]:
        """The table itself."""
        self.query(f"select 1 from {table.sql} limit 0")  # what Great Expectations says is longer
        source = context.data_sources.add_or_update_sql(
            name="warehouse",
            connection_string="postgresql+psycopg2://",
            kwargs={"creator": lambda: connect_postgres(reads=True)},  # type: ignore[call-arg]
        )
        asset = source.add_table_asset(
            name=table.label, table_name=table.name, schema_name=table.schema
        )
        yield asset.add_batch_definition_whole_table("whole").get_batch()

    def catalog(self) -> Mapping[tuple[str, str], Mapping[str, str]]:
        """See `Engine.catalog`."""
        return _by_table(
            self.query(
                "select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod) "
                "from pg_attribute as a join pg_class as c on a.attrelid = c.oid "
                "join pg_namespace as n on c.relnamespace = n.oid "
                "where c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 "
                "and not a.attisdropped order by n.nspname, c.relname, a.attnum"
            )
        )

    def matches(self, column: str, pattern: str) -> str:
        """See `Engine.matches`."""
        return f"({column} ~ '{pattern}')"

    def _run(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        with self._server, self._server.cursor() as cursor:
            cursor.execute(sql)
            return [column.name for column in cursor.description], cursor.fetchall()


def frame_batch(context: EphemeralDataContext, frame: pd.DataFrame) -> Batch:
    """A frame as a batch of Great Expectations."""
    name = "frames"
    # Adding one writes the whole configuration, which costs more than most checks.
    if name not in context.data_sources.all():
        source = context.data_sources.add_pandas(name=name)
        source.add_dataframe_asset(name=name).add_batch_definition_whole_dataframe(name)
    asset = context.data_sources.get(name).get_asset(name)
    batch: Batch = asset.get_batch_definition(name).get_batch({"dataframe": frame})
    return batch


def _as_read(table: TableContract, column: str, rules: set[str]) -> str:
    """A column for a frame, without values if checks only need their presence."""
    name = quote(column)
    if rules == {"not_null"}:
        return f"case when {name} is not null then true end"
    if table.columns[column].data_type == "double precision":
        # NaN is missing in pandas, but above all numbers in the engines and dbt's tests.
        return f"case when isnan({name}) then 'infinity'::double else {name} end"
    return name


def _by_table(rows: Sequence[tuple[Any, ...]]) -> dict[tuple[str, str], dict[str, str]]:
    tables: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, kind in rows:
        tables.setdefault((schema, table), {})[column] = kind
    return tables
