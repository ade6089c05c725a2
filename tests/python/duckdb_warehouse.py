"""Real DuckDB files, filled by tests and built by real dbt in the process of the test."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.artifacts.resources import Hook
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ModelNode
from quick_dbt import quicken
from sqlalchemy import ARRAY, Boolean, DateTime, Double, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from tutormax.schema import KEYS, LOADED_AT, RAW_SCHEMA, metadata
from tutormax.warehouse import connect_duckdb, ensure_raw_duckdb

REPOSITORY = Path(__file__).resolve().parents[2]

Row = dict[str, Any]
World = dict[str, list[Row]]
"""Rows by the name of their raw table."""

PUBLISHED: dict[str, str | tuple[str, ...]] = KEYS | {
    "tutor_performance_metrics": "metric_id",
    "churn_predictions": "prediction_id",
    "churn_prediction_outcomes": ("model_version", "horizon_days", "prediction_month"),
    "churn_feature_drift": ("model_version", "prediction_month", "feature"),
    "intervention_recommendations": "recommendation_id",
    "intervention_effectiveness": ("intervention_type", "recommended_month"),
    "rejected_records": "rejected_record_id",
}
"""The key of each published table."""

AUDIT = {
    "tutor_performance_metrics": {"created_at", "updated_at"},
    "churn_predictions": {"created_at", "updated_at"},
    "intervention_recommendations": {"created_at", "updated_at"},
    "rejected_records": {"rejected_at"},
}
"""The columns that say when a build wrote a row."""

DEFAULT_ARRIVAL = datetime(2025, 6, 1, tzinfo=UTC)
FILE_NAME = "warehouse.duckdb"
WITHOUT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


@dataclass(frozen=True)
class Build:
    """How a run of dbt ended, and the errors it named."""

    succeeded: bool
    message: str


quicken()


def spare_collector() -> None:
    """Keep what lives now out of collections, and collect less: a tenth of each build and more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)


class Project:
    """The dbt project, parsed once: parsing costs more than building small data."""

    def __init__(self, folder: Path, *, unit_tests: bool = False) -> None:
        self._folder = folder
        self._unit_tests = "1" if unit_tests else "0"
        result = self._invoke(dbtRunner(), "parse", duckdb_path=folder / FILE_NAME)
        assert result.success, result.exception
        self.manifest: Manifest = result.result
        self.spares: list[Manifest] = []
        spare_collector()

    def run(
        self,
        *words: str,
        duckdb_path: Path,
        variables: Mapping[str, Any] | str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Build:
        errors: list[str] = []

        def listen(event: Any) -> None:
            if event.info.level == "error":
                errors.append(event.info.msg)

        result = self._invoke(
            # A run leaves its traces in the manifest, which the next run must not see.
            dbtRunner(manifest=self._copied(), callbacks=[listen]),
            *words,
            "--vars",
            variables if isinstance(variables, str) else json.dumps(dict(variables or {})),
            duckdb_path=duckdb_path,
            env=env,
        )
        if result.exception is not None:
            errors.append(str(result.exception))
        return Build(result.success, "\n".join(errors))

    def _copied(self) -> Manifest:
        """A copy of the manifest, of those that were made ahead if there are some."""
        return self.spares.pop() if self.spares else self.manifest.deepcopy()

    def compiled(self, model: str) -> str:
        """The SQL that dbt made of a model when it last compiled or ran it."""
        (node,) = (
            node
            for node in self.manifest.nodes.values()
            if node.name == model and node.resource_type == "model"
        )
        compiled = self._folder / "target" / "compiled" / node.package_name
        return (compiled / node.original_file_path).read_text()

    def compiled_tests(self, duckdb_path: Path, manifest: Manifest) -> list[Any]:
        """The data tests of dbt, with the SQL that dbt made of them."""
        result = self._invoke(
            dbtRunner(manifest=manifest),
            *("compile", "--select", "test_type:data", "--threads", "1"),
            duckdb_path=duckdb_path,
        )
        assert result.success, result.exception
        return [found.node for found in result.result.results]

    def command_line(
        self, *words: str | Path, duckdb_path: Path, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run dbt as people do, in a process of its own.

        The file is moved to the place that was parsed for, so that dbt need not parse all again.
        """
        place = self._folder / FILE_NAME
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(self._folder / "target", Path(folder) / "target")
            if duckdb_path.exists():
                duckdb_path.rename(place)
            try:
                return subprocess.run(
                    [
                        Path(sys.executable).with_name("dbt"),
                        *map(str, words),
                        *("--project-dir", REPOSITORY),
                        *("--target-path", Path(folder) / "target"),
                        *("--log-path", Path(folder) / "logs"),
                    ],
                    capture_output=True,
                    text=True,
                    check=False,
                    cwd=folder,
                    env=dict(os.environ)
                    | {"DBT_PROFILES_DIR": str(REPOSITORY), "NO_COLOR": "1"}
                    | {"TUTORMAX_DUCKDB_PATH": str(place)}
                    | env,
                    timeout=600,
                )
            finally:
                if place.exists():
                    place.rename(duckdb_path)

    def _invoke(
        self,
        runner: dbtRunner,
        *words: str,
        duckdb_path: Path,
        env: Mapping[str, str] | None = None,
    ) -> Any:
        folders = {
            "--project-dir": REPOSITORY,
            "--profiles-dir": REPOSITORY,
            "--target-path": self._folder / "target",
            "--log-path": self._folder / "logs",
        }
        options = [str(part) for option in folders.items() for part in option]
        ours = {"TUTORMAX_DUCKDB_PATH": str(duckdb_path), "TUTORMAX_UNIT_TESTS": self._unit_tests}
        with environment(ours | dict(env or {})):
            try:
                return runner.invoke(["--quiet", "--no-write-json", *words, *options])
            finally:
                # dbt keeps the file open, and locked, for as long as the process lives.
                DuckDBConnectionManager.close_all_connections()


def before_model(manifest: Manifest, model: str, sql: str) -> None:
    """Let a statement run just before a model: what happens while a build runs."""
    (node,) = (
        node
        for node in manifest.nodes.values()
        if node.name == model and isinstance(node, ModelNode)
    )
    hook = Hook(sql)
    if hook not in node.config.pre_hook:
        node.config.pre_hook.append(hook)


class Warehouse:
    """One DuckDB file with the tables of raw, to fill, build and read."""

    def __init__(self, project: Project, folder: Path) -> None:
        self._project = project
        self._folder = folder
        self.path = folder / FILE_NAME
        with self.connection() as connection:
            ensure_raw_duckdb(connection)

    @contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = connect_duckdb(self.path)
        try:
            yield connection
        finally:
            connection.close()

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connection() as connection:
            return connection.execute(sql).fetchall()

    def insert(self, world: Mapping[str, Iterable[Row]]) -> None:
        """Append rows to raw; columns that a row does not name are null."""
        with self.connection() as connection:
            append_to_duckdb(connection, world)

    def build(
        self,
        *words: str,
        variables: Mapping[str, Any] | str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Build:
        """Run `dbt build` without dbt's own tests, and demand that it succeeds."""
        build = self.try_build(*words, variables=variables, env=env)
        assert build.succeeded, build.message
        return build

    def try_build(
        self,
        *words: str,
        variables: Mapping[str, Any] | str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Build:
        return self._project.run(
            "build", *WITHOUT_TESTS, *words, duckdb_path=self.path, variables=variables, env=env
        )

    def rows(self, table: str, schema: str = "tutormax") -> list[Row]:
        with self.connection() as connection:
            return _rows(connection, table, schema)

    def published(self, *tables: str, audit: bool = False) -> dict[str, dict[Any, Row]]:
        """The rows of the published tables by key; the audit columns only if asked for."""
        with self.connection() as connection:
            return {
                table: by_key(table, _rows(connection, table, "tutormax"), audit=audit)
                for table in tables or PUBLISHED
            }

    def copy(self, folder: Path) -> Warehouse:
        """Give a second warehouse that holds what this one holds."""
        shutil.copyfile(self.path, folder / FILE_NAME)
        return Warehouse(self._project, folder)


WarehouseFactory = Callable[..., Warehouse]


def append_to_duckdb(
    connection: duckdb.DuckDBPyConnection, world: Mapping[str, Iterable[Row]]
) -> None:
    """Append rows to raw; columns that a row does not name are null."""
    for table, rows in world.items():
        connection.register("arrow_rows", arrow_table(table, list(rows)))
        connection.execute(f"insert into {RAW_SCHEMA}.{table} by name from arrow_rows")
        connection.unregister("arrow_rows")


def merged(*worlds: Mapping[str, Iterable[Row]]) -> World:
    """All rows of all worlds."""
    result: World = {}
    for world in worlds:
        for table, rows in world.items():
            result.setdefault(table, []).extend(rows)
    return result


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _rows(connection: duckdb.DuckDBPyConnection, table: str, schema: str) -> list[Row]:
    result = connection.execute(f'select * from {schema}."{table}"')
    columns = [column[0] for column in result.description]
    return [dict(zip(columns, values, strict=True)) for values in result.fetchall()]


def key_of(table: str, row: Row) -> Any:
    """What names a row of a published table: a value, or several."""
    key = PUBLISHED[table]
    return row[key] if isinstance(key, str) else tuple(row[name] for name in key)


def by_key(table: str, rows: list[Row], *, audit: bool) -> dict[Any, Row]:
    hidden = set() if audit else AUDIT.get(table, set())
    keyed = {
        key_of(table, row): {name: value for name, value in row.items() if name not in hidden}
        for row in rows
    }
    assert len(keyed) == len(rows), f"{table} holds a key twice"
    return keyed


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
