"""Writing rows to a target: into the DuckDB file itself, or through COPY into PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

import duckdb
import psycopg2
import pyarrow as pa
from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection
from sqlalchemy import Table

from tutormax.errors import UserError
from tutormax.load.columns import Kind, kinds, names
from tutormax.operations.tombstones import READ_TOMBSTONES, TOMBSTONES
from tutormax.operations.transaction import in_duckdb
from tutormax.postgres.session import commit
from tutormax.schema import RAW_SCHEMA, metadata
from tutormax.warehouse import (
    connect_postgres,
    ensure_raw_duckdb,
    first_line,
    one_row,
    postgres_settings,
    qualified,
    quote,
)

_ROWS_PER_BATCH = 50_000
_COPY_BYTES = 1 << 18


class Sink(Protocol):
    """A target in one transaction, which `prepare` begins and `commit` or `rollback` ends."""

    def prepare(self) -> None:
        """Begin, and make sure the raw tables are there. Raises `UserError` if they are not fit."""

    def write(self, table: Table, query: str, advance: Callable[[int], None]) -> int:
        """Append the rows of a DuckDB query whose columns are the table's, in the table's order.

        Calls `advance` with the rows written since the last call. Returns the number of rows.
        Raises `duckdb.Error` if the query fails, `UserError` if the target refuses the rows.
        """

    def tombstones(self) -> Sequence[tuple[str, str]]:
        """The keyed hashes of erased people: the key and a hash each.

        Raises `UserError` if this login may not read them.
        """

    def commit(self) -> None:
        """Make everything written since `prepare` permanent."""

    def rollback(self) -> None:
        """Undo everything since `prepare`."""

    def describe(self) -> str:
        """Where the rows went, for a person."""


class DuckDbSink:
    """Appends to the raw tables of the DuckDB file that `con` has open."""

    def __init__(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        self._con = con
        self._name = name

    def prepare(self) -> None:
        """Begin a transaction and create the raw tables that are absent."""
        self._con.execute("BEGIN TRANSACTION")
        ensure_raw_duckdb(self._con)

    def write(self, table: Table, query: str, advance: Callable[[int], None]) -> int:
        """Append the rows of `query`; see `Sink.write`."""
        columns = ", ".join(quote(name) for name in names(table))
        target = qualified(self._con, RAW_SCHEMA, table.name)
        (count,) = one_row(self._con, f"INSERT INTO {target} ({columns}) {query}")
        written = int(count)
        advance(written)
        return written

    def tombstones(self) -> Sequence[tuple[str, str]]:
        """The keyed hashes of erased people; see `Sink.tombstones`."""
        held = in_duckdb(self._con)
        stands = held.has(TOMBSTONES.schema, TOMBSTONES.name)
        relation = qualified(self._con, TOMBSTONES.schema, TOMBSTONES.name)
        return held.rows(READ_TOMBSTONES.format(relation)) if stands else ()

    def commit(self) -> None:
        """Commit the transaction."""
        try:
            self._con.execute("COMMIT")
        except duckdb.Error as error:
            raise UserError(f"{self._name} did not take the load: {first_line(error)}") from error

    def rollback(self) -> None:
        """Roll the transaction back, if one is open."""
        # Without a transaction, beginning it was what failed.
        with suppress(duckdb.TransactionException):
            self._con.execute("ROLLBACK")

    def describe(self) -> str:
        """The DuckDB file's name."""
        return self._name


class PostgresSink:
    """Appends to the raw tables of a PostgreSQL database; `con` is the DuckDB that reads."""

    def __init__(self, con: duckdb.DuckDBPyConnection, server: PgConnection) -> None:
        self._con = con
        self._server = server

    def prepare(self) -> None:
        """Check that the migrations have made the raw tables; psycopg2 begins by itself."""
        with self._server.cursor() as cursor:
            cursor.execute(
                "SELECT table_name, column_name FROM information_schema.columns "
                "WHERE table_schema = %s",
                [RAW_SCHEMA],
            )
            present = set(cursor.fetchall())
        for table in metadata.tables.values():
            if not any(name == table.name for name, _ in present):
                raise UserError(
                    f"The table {RAW_SCHEMA}.{table.name} is not in {self.describe()}; "
                    "run `alembic upgrade head` there first."
                )
            lacking = [c for c in names(table) if (table.name, c) not in present]
            if lacking:
                raise UserError(
                    f"The table {RAW_SCHEMA}.{table.name} in {self.describe()} lacks the columns "
                    f"{', '.join(lacking)}; run `alembic upgrade head` there first."
                )

    def write(self, table: Table, query: str, advance: Callable[[int], None]) -> int:
        """Append the rows of `query`; see `Sink.write`."""
        copy = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT text, ENCODING 'UTF8')").format(
            sql.Identifier(RAW_SCHEMA, table.name),
            sql.SQL(", ").join(map(sql.Identifier, names(table))),
        )
        lines = self._con.sql(f"SELECT {_copy_line(table)} AS line FROM ({query})")
        stream = _LineStream(lines.to_arrow_reader(_ROWS_PER_BATCH), advance)
        try:
            with self._server.cursor() as cursor:
                cursor.copy_expert(copy, stream, _COPY_BYTES)
                written = int(cursor.rowcount)
        except psycopg2.Error as error:
            if stream.failure is not None:
                raise stream.failure from error
            raise UserError(
                f"{self.describe()} did not take the rows of {table.name}: {first_line(error)}"
            ) from error
        assert written == stream.rows
        return written

    def tombstones(self) -> Sequence[tuple[str, str]]:
        """The keyed hashes of erased people; see `Sink.tombstones`.

        An erasure that began earlier has ended, one that begins later waits for the load.
        """
        with self._server.cursor() as cursor:
            cursor.execute(
                f"insert into {RAW_SCHEMA}.unreadable_rows (_loaded_at) select now() where false"
            )
            cursor.execute(
                "select has_schema_privilege(pg_namespace.oid, 'usage') "
                "and has_table_privilege(pg_class.oid, 'select') from pg_class "
                "inner join pg_namespace on relnamespace = pg_namespace.oid "
                "where nspname = %s and relname = %s",
                [TOMBSTONES.schema, TOMBSTONES.name],
            )
            found = cursor.fetchone()
            if found is None:
                return ()
            if not found[0]:
                raise UserError(
                    f"{postgres_settings()['user']} may not read {TOMBSTONES} in "
                    f"{self.describe()}, so rows of erased people would not be recognised: run "
                    "`tutormax roles` there as the owner, who grants it to tutormax_loader. "
                    "Nothing was loaded."
                )
            cursor.execute(READ_TOMBSTONES.format(TOMBSTONES))
            return cursor.fetchall()

    def commit(self) -> None:
        """Commit the transaction."""
        try:
            commit(self._server, connect_postgres)
        except psycopg2.Error as error:
            raise UserError(
                f"{self.describe()} did not take the load: {first_line(error)}"
            ) from error

    def rollback(self) -> None:
        """Roll the transaction back; a lost connection has done so by itself."""
        if not self._server.closed:
            self._server.rollback()

    def describe(self) -> str:
        """The server and its database."""
        settings = postgres_settings()
        return f"PostgreSQL {settings['host']}:{settings['port']}, database {settings['database']}"


def _copy_line(table: Table) -> str:
    """DuckDB expression for a row in COPY's text format, line end included.

    The text format and not CSV: before PostgreSQL 18 a line of nothing but a backslash and a dot
    ends the data, even inside a quoted CSV cell.
    """
    cells = (_copy_cell(quote(name), kind) for name, kind in kinds(table).items())
    return f"concat_ws(chr(9), {', '.join(cells)}) || chr(10)"


def _copy_cell(ref: str, kind: Kind) -> str:
    if kind is Kind.ARRAY:
        element = r"""'"' || replace(replace(e, '\', '\\'), '"', '\"') || '"'"""
        elements = f"list_transform({ref}, lambda e: coalesce({element}, 'NULL'))"
        text = (
            f"CASE WHEN {ref} IS NOT NULL THEN "
            f"'{{' || coalesce(array_to_string({elements}, ','), '') || '}}' END"
        )
    else:
        text = f"{ref}::VARCHAR"
    if kind in (Kind.ARRAY, Kind.TEXT, Kind.JSON):
        text = rf"replace({text}, '\', '\\')"
        for code, escape in ((9, r"\t"), (10, r"\n"), (13, r"\r")):
            text = f"replace({text}, chr({code}), '{escape}')"
    return rf"coalesce({text}, '\N')"


class _LineStream:
    """A readable of the bytes of a one-column Arrow stream of text, for psycopg2 to read from.

    psycopg2 turns an exception from `read` into one of its own; `failure` keeps the real one.
    """

    def __init__(self, batches: pa.RecordBatchReader, advance: Callable[[int], None]) -> None:
        self._chunks = self._bytes_of(batches)
        self._advance = advance
        self._rest = memoryview(b"")
        self.rows = 0
        self.failure: duckdb.Error | None = None

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; all that is left of a batch if negative; empty at the end."""
        if not self._rest:
            try:
                self._rest = next(self._chunks, memoryview(b""))
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                # Arrow wraps DuckDB's errors, in one or other of its own, by their message.
                self.failure = duckdb.Error(str(error))
                raise
        end = len(self._rest) if size < 0 else size
        piece, self._rest = self._rest[:end], self._rest[end:]
        return bytes(piece)

    def readline(self, size: int = -1) -> bytes:
        """Not called for COPY FROM; psycopg2 only asks for a readable to have it."""
        raise NotImplementedError

    def _bytes_of(self, batches: pa.RecordBatchReader) -> Iterator[memoryview]:
        for batch in batches:
            if not batch.num_rows:
                continue
            lines = batch.column(0)
            # The texts of an Arrow column lie end to end: together they are the bytes to send.
            _, offsets, data = lines.buffers()
            ends = memoryview(offsets).cast("i" if pa.types.is_string(lines.type) else "q")
            first, last = ends[lines.offset], ends[lines.offset + len(lines)]
            yield memoryview(data)[first:last]
            self.rows += batch.num_rows
            self._advance(batch.num_rows)
