"""Writing raw rows for Spark: one directory of Parquet files for each table.

A load writes into a staging folder of its own, `.load-<id>`, and moves its files to their tables at
the end. Spark never looks into that folder; each file has a name of its own, so that loads need not
wait for each other.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Table

from tutormax.errors import UserError
from tutormax.load.columns import Kind, kinds
from tutormax.schema import RAW_SCHEMA, metadata
from tutormax.spark.directories import make_directories
from tutormax.warehouse import first_line, how_columns_differ, one_row, quote

_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int32(),
    Kind.DOUBLE: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    Kind.ARRAY: pa.list_(pa.string()),
    # JSON is text to Spark.
    Kind.JSON: pa.string(),
}
_STAGING = ".load-"
_COMPLETE = "complete"


class ParquetSink:
    """Appends files to the raw directories below `directory`; `con` is the DuckDB that reads."""

    def __init__(self, con: duckdb.DuckDBPyConnection, directory: Path) -> None:
        self._con = con
        self._directory = directory
        self._raw = directory / RAW_SCHEMA
        # The time is for people; the rest makes the name unique.
        self._name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:12]}"
        self._staging = self._raw / f"{_STAGING}{self._name}"
        self._files = 0
        self._lock: int | None = None

    def prepare(self) -> None:
        """Make the directories that are absent, end what killed loads left, begin to stage.

        Raises `UserError` if a file there has other columns than its table.
        """
        try:
            make_directories(self._directory)
            settle_loads(self._directory)
            _check_files(self._raw)
            # The lock is held before the folder has the name that others look for.
            unnamed = self._raw / f".new-{self._name}"
            unnamed.mkdir()
            self._lock = _try_lock(unnamed)
            unnamed.rename(self._staging)
        except OSError as error:
            raise self._refusal(error) from error

    def write(self, table: Table, query: str, advance: Callable[[int], None]) -> int:
        """Write the rows of `query` to one file; see `Sink.write`."""
        self._files += 1
        folder = self._staging / table.name
        file = folder / f"{self._name}-{self._files}.parquet"
        columns = ", ".join(
            f"{quote(name)}::VARCHAR AS {quote(name)}" if kind is Kind.JSON else quote(name)
            for name, kind in kinds(table).items()
        )
        literal = "'" + str(file).replace("'", "''") + "'"
        try:
            folder.mkdir(exist_ok=True)
            (count,) = one_row(
                self._con,
                f"COPY (SELECT {columns} FROM ({query})) TO {literal} "
                "(FORMAT parquet, COMPRESSION zstd)",
            )
            if not count:
                file.unlink()
        except OSError as error:
            raise self._refusal(error) from error
        except duckdb.Error as error:
            # Else it is the file being read that is at fault.
            if str(file) in str(error):
                raise UserError(
                    f"{self._raw} did not take the rows of {table.name}: {first_line(error)}"
                ) from error
            raise
        written = int(count)
        advance(written)
        return written

    def tombstones(self) -> Sequence[tuple[str, str]]:
        """Nobody is ever erased on Spark."""
        return ()

    def commit(self) -> None:
        """Move the files to their tables; if that is killed, the next load or build goes on."""
        try:
            for file in self._staging.glob("*/*.parquet"):
                with file.open("rb") as written:
                    os.fsync(written.fileno())
            (self._staging / _COMPLETE).touch()
            _settle(self._staging)
        except OSError as error:
            raise self._refusal(error) from error
        self._release()

    def rollback(self) -> None:
        """Remove everything that was written, wherever a commit that failed has left it."""
        if self._lock is None:
            return
        with suppress(OSError):
            (self._staging / _COMPLETE).unlink(missing_ok=True)
            for file in self._raw.glob(f"*/{self._name}-*.parquet"):
                file.unlink()
            shutil.rmtree(self._staging)
        self._release()

    def describe(self) -> str:
        """The directory."""
        return f"Parquet files in {self._raw}"

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _refusal(self, error: OSError) -> UserError:
        return UserError(
            f"{self._raw} cannot be written ({error.strerror or error}): "
            "set TUTORMAX_SPARK_DIR to a folder that can be."
        )


def settle_loads(directory: Path) -> None:
    """End the loads that were killed: complete ones count, of others nothing stays."""
    for staging in sorted((directory / RAW_SCHEMA).glob(f"{_STAGING}*")):
        # A lock that is held is one of a load that runs; the folder may go at any moment.
        with suppress(FileNotFoundError):
            lock = _try_lock(staging)
            if lock is not None:
                try:
                    _settle(staging)
                finally:
                    os.close(lock)


def _settle(staging: Path) -> None:
    if (staging / _COMPLETE).exists():
        for file in sorted(staging.glob("*/*.parquet")):
            file.rename(staging.parent / file.parent.name / file.name)
    shutil.rmtree(staging)


def _try_lock(folder: Path) -> int | None:
    """The descriptor that holds the lock on a folder until it is closed; None if another does."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _check_files(raw: Path) -> None:
    for table in metadata.tables.values():
        wanted = {name: _TYPES[kind] for name, kind in kinds(table).items()}
        for file in sorted((raw / table.name).glob("*.parquet")):
            try:
                schema = pq.read_schema(file)
            except pa.ArrowException as error:
                raise UserError(
                    f"{file} is not a whole Parquet file ({first_line(error)}); move it away."
                ) from error
            differences = how_columns_differ(
                dict(zip(schema.names, schema.types, strict=True)), wanted
            )
            if differences:
                raise UserError(
                    f"{file} has other columns than this version of tutormax expects "
                    f"({differences}); move {file.parent} away and load again."
                )
