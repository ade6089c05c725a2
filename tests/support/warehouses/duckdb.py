"""A warehouse in a DuckDB file."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import ARRAY, Boolean, DateTime, Double, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from support.project import FILE_NAME, DuckDbProject, at
from support.tables import DEFAULT_ARRIVAL, Row
from support.warehouses.protocol import DatabaseWarehouse
from tutormax.schema import LOADED_AT, RAW_SCHEMA, metadata
from tutormax.warehouse import DUCKDB_CONFIG, ensure_raw_duckdb

_idle: dict[int, list[duckdb.DuckDBPyConnection]] = defaultdict(list)
"""Instances of DuckDB that no file is attached to, by process: a fork has not their threads."""


class DuckDbWarehouse(DatabaseWarehouse):
    target = "duckdb"
    project: DuckDbProject

    def __init__(self, project: DuckDbProject, folder: Path) -> None:
        self.path = folder / FILE_NAME
        super().__init__(project, folder, at(self.path))
        if not self.path.exists():
            with self.connection() as connection:
                ensure_raw_duckdb(connection)

    @contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file in an instance of DuckDB that runs already: starting one costs more."""
        idle = _idle[os.getpid()]
        instance = idle.pop() if idle else duckdb.connect(config={"threads": "1", **DUCKDB_CONFIG})
        try:
            with closing(instance.cursor()) as cursor:
                cursor.execute("set timezone = 'UTC'")
                cursor.execute(f"attach '{self.path}' as {self.path.stem}")
                cursor.execute(f"use {self.path.stem}")
                yield cursor
                cursor.execute("use memory")
                cursor.execute(f"detach {self.path.stem}")
        except BaseException:
            instance.close()
            raise
        idle.append(instance)

    cursor = connection

    def insert(self, world: Mapping[str, Iterable[Row]]) -> None:
        with self.connection() as connection:
            append_to_duckdb(connection, world)

    def insert_tables_of(self, other: DuckDbWarehouse, tables: Iterable[str]) -> None:
        with self.connection() as connection:
            connection.execute(f"attach '{other.path}' as other (read_only)")
            for table in tables:
                connection.execute(
                    f"insert into {table} select * from other.{table} order by random()"
                )
            connection.execute("detach other")

    def close(self) -> None:
        self._remove()

    def _new_copy(self) -> DuckDbWarehouse:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copyfile(self.path, folder / FILE_NAME)
        return DuckDbWarehouse(self.project, folder)

    def _replace(self, original: DuckDbWarehouse) -> None:
        self._remove()
        shutil.copyfile(original.path, self.path)

    def _remove(self) -> None:
        for file in self.folder.glob(f"{FILE_NAME}*"):
            file.unlink()


def append_to_duckdb(
    connection: duckdb.DuckDBPyConnection, world: Mapping[str, Iterable[Row]]
) -> None:
    """Append rows to raw; columns that a row does not name are null."""
    for table, rows in world.items():
        connection.register("arrow_rows", arrow_table(table, list(rows)))
        connection.execute(f"insert into {RAW_SCHEMA}.{table} by name from arrow_rows")
        connection.unregister("arrow_rows")


def arrow_table(table: str, rows: list[Row]) -> pa.Table:
    columns = metadata.tables[f"{RAW_SCHEMA}.{table}"].columns
    named = {name for row in rows for name in row}
    assert named <= set(columns.keys()), f"{table} has no {named - set(columns.keys())}"
    return pa.Table.from_pylist(
        [
            {name: _as_text_if_json(name, value) for name, value in row.items()}
            for row in ({LOADED_AT: DEFAULT_ARRIVAL} | row for row in rows)
        ],
        schema=pa.schema([(column.name, _arrow_type(column.type)) for column in columns]),
    )


def _as_text_if_json(column: str, value: Any) -> Any:
    return json.dumps(value) if column == "metadata" and isinstance(value, dict) else value


def _arrow_type(kind: TypeEngine[Any]) -> pa.DataType:
    if isinstance(kind, DateTime):
        return pa.timestamp("us", tz="UTC")
    if isinstance(kind, ARRAY):
        return pa.list_(pa.string())
    if isinstance(kind, Boolean):
        return pa.bool_()
    if isinstance(kind, Double):
        return pa.float64()
    if isinstance(kind, Integer):
        return pa.int32()
    assert isinstance(kind, JSONB) or kind.python_type is str, kind
    return pa.string()
