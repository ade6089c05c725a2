"""Loading a directory: every file of it, or nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from tutormax.errors import UserError
from tutormax.load.files import SourceFile, find_files, shown
from tutormax.load.mapping import Mapping
from tutormax.load.parquet_sink import ParquetSink
from tutormax.load.python_lists import add_python_lists
from tutormax.load.readers import open_file, unreadable_parquet
from tutormax.load.repeated_keys import add_functions
from tutormax.load.sinks import DuckDbSink, PostgresSink, Sink
from tutormax.load.statements import most_frequent, part_rows, with_erased_apart
from tutormax.operations.project import project_vars
from tutormax.private import private_files
from tutormax.schema import unreadable_rows
from tutormax.warehouse import (
    RawTarget,
    connect_duckdb,
    connect_postgres,
    duckdb_path,
    first_line,
    spark_directory,
)

_TOMBSTONES = "temp.erased_people"


@dataclass(frozen=True)
class TableCount:
    """Rows of one file of a table: read = loaded + unreadable + erased.

    `erased` are rows of erased people, of which no values are kept.

    `unknown` names the columns that were passed over, `reasons` the most frequent ones for which
    rows are unreadable, each with an example.
    """

    table: str
    file: Path
    read: int
    loaded: int
    unreadable: int
    unknown: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    erased: int = 0


@dataclass(frozen=True)
class LoadReport:
    """What a load did: a count for each file, where the rows went, and which files it left out."""

    counts: tuple[TableCount, ...]
    destination: str
    passed_over: tuple[Path, ...]


@dataclass(frozen=True)
class Progress:
    """Callbacks during a load.

    `start` is called with a file and its number of rows, `advance` with a number of rows written.
    """

    start: Callable[[SourceFile, int], None] = lambda _file, _rows: None
    advance: Callable[[int], None] = lambda _rows: None


def load_directory(
    directory: Path,
    target: RawTarget = RawTarget.DUCKDB,
    progress: Progress | None = None,
    max_unreadable_share: float = 1.0,
    mapping: Mapping | None = None,
) -> LoadReport:
    """Append the files of a directory, read as `mapping` says, to the raw tables.

    One transaction holds all files. A row with a value that does not fit its column goes to
    `raw.unreadable_rows`. Raises `UserError`, with nothing of the load left behind, if a file
    cannot be read at all, more than `max_unreadable_share` of a table's rows cannot be read, or the
    target cannot be written.
    """
    found = find_files(directory, mapping or Mapping())
    # One instant for the whole load: its rows arrived together.
    loaded_at = datetime.now(UTC)
    with (
        private_files(),
        tempfile.TemporaryDirectory(prefix="tutormax-load-") as scratch,
        _open(target, Path(scratch)) as (con, sink),
    ):
        load = _Load(con, sink, loaded_at, Path(scratch), progress or Progress())
        try:
            sink.prepare()
            has_tombstones = _copy_tombstones(con, sink.tombstones())
            counts = tuple(load.append(file, has_tombstones) for file in found.files)
            _check_shares(counts, max_unreadable_share)
            sink.commit()
        except BaseException as error:
            sink.rollback()
            if isinstance(error, duckdb.Error):
                raise UserError(f"The load stopped: {first_line(error)}") from error
            raise
        return LoadReport(counts, sink.describe(), found.passed_over)


def _copy_tombstones(con: duckdb.DuckDBPyConnection, tombstones: Sequence[tuple[str, str]]) -> bool:
    """Put the hashes where the files are read, so that no value of the person goes further."""
    if tombstones:
        con.execute(f"CREATE TEMPORARY TABLE {_TOMBSTONES} (secret VARCHAR, hash VARCHAR)")
        con.executemany(f"INSERT INTO {_TOMBSTONES} VALUES (?, ?)", [list(t) for t in tombstones])
    return bool(tombstones)


def _check_shares(counts: Sequence[TableCount], limit: float) -> None:
    over = []
    for table in dict.fromkeys(count.table for count in counts):
        files = [count for count in counts if count.table == table]
        read, unreadable = (sum(getattr(c, name) for c in files) for name in ("read", "unreadable"))
        if unreadable > limit * read:
            reasons = "; ".join(reason for count in files for reason in count.reasons)
            over.append(f"{unreadable} of the {read} rows of {table} cannot be read: {reasons}")
    if over:
        raise UserError(f"{'; '.join(over)}; nothing was loaded: correct the rows or map them.")


@contextmanager
def _open(target: RawTarget, scratch: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Sink]]:
    """The DuckDB connection that reads the files, and the sink their rows go to."""
    if target is RawTarget.DUCKDB:
        path = duckdb_path()
        with connect_duckdb(path) as con:
            _prepare(con)
            yield con, DuckDbSink(con, str(path))
    elif target is RawTarget.SPARK:
        with reading_duckdb(scratch) as con:
            yield con, ParquetSink(con, spark_directory())
    else:
        server = connect_postgres()
        try:
            with reading_duckdb(scratch) as con:
                yield con, PostgresSink(con, server)
        finally:
            server.close()


def _memory_limit() -> int:
    """In MB: the var, or most of the machine's memory if that is less."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 10**6
    return min(int(project_vars()["load_memory_mb"]), int(0.8 * installed))


def reading_duckdb(scratch: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that can read files; what does not fit goes to the directory `scratch`."""
    con = duckdb.connect(config={"temp_directory": str(scratch / "duckdb")})
    con.execute("SET TimeZone = 'UTC'")
    _prepare(con)
    return con


def _prepare(con: duckdb.DuckDBPyConnection) -> None:
    limit = _memory_limit()
    con.execute(f"SET memory_limit = '{limit}MB'")
    con.execute(f"SET max_temp_directory_size = '{4 * limit}MB'")
    add_functions(con)
    add_python_lists(con)


@dataclass(frozen=True)
class _Load:
    con: duckdb.DuckDBPyConnection
    sink: Sink
    loaded_at: datetime
    scratch: Path
    progress: Progress

    def append(self, file: SourceFile, has_tombstones: bool) -> TableCount:
        """Append one file's rows, and make sure that none was lost on the way."""
        advance = self.progress.advance
        try:
            reading = open_file(self.con, file, self.scratch)
            self.progress.start(file, reading.rows)
            statements = part_rows(file.table, reading, self.loaded_at)
            if has_tombstones:
                statements = with_erased_apart(file.table, statements, _TOMBSTONES)
            loaded = self.sink.write(file.table, statements.fitting, advance)
            unreadable = erased = 0
            reasons: tuple[str, ...] = ()
            # The second look at the file is only for files that need it.
            if loaded != reading.rows:
                unreadable = self.sink.write(unreadable_rows, statements.unreadable, advance)
                reasons = most_frequent(self.con, statements)
            if statements.erased and loaded + unreadable != reading.rows:
                erased = self.sink.write(unreadable_rows, statements.erased, advance)
        except duckdb.OutOfMemoryException as error:
            raise UserError(
                f"{shown(file.path)} needs more than {_memory_limit()} MB of memory to be read, or "
                "four times that of disk; nothing was loaded: split it into smaller files, or "
                "raise the var load_memory_mb in dbt_project.yml."
            ) from error
        except duckdb.Error as error:
            if file.format == "parquet":
                raise unreadable_parquet(file, error) from error
            raise
        if loaded + unreadable + erased != reading.rows:
            raise UserError(
                f"{shown(file.path)} changed while it was read ({reading.rows} rows at first, then "
                f"{loaded + unreadable + erased}); load it again once it is complete."
            )
        return TableCount(
            file.table.name,
            file.path,
            reading.rows,
            loaded,
            unreadable,
            reading.unknown,
            reasons,
            erased,
        )
