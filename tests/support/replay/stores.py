"""Replays: random raw data in slices, built after each, compared with one full build of it all.

Raw is put into another order of rows for the full build: it must not matter.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from dbt.contracts.graph.manifest import Manifest

from support.replay.worlds import KEYS, Slice, random_slices
from support.warehouses.duckdb import FILE_NAME, Build, Project, Warehouse
from support.warehouses.postgres import BUILD, PostgresWarehouse
from tutormax.schema import LOADED_AT
from tutormax.warehouse import connect_duckdb

RAW_TABLES = [*KEYS, "unreadable_rows"]
ANYTHING_GOES = {"allow_mass_delete": True}
"""The worlds are so small that a single tutor can be more than a tenth of all."""

QUICKLY = (
    *("--threads", "1", "--log-level", "none", "--log-level-file", "none"),
    # Views hold nothing that could differ.
    *("--exclude", "config.materialized:replaced_view"),
)

Variables = Mapping[str, Any]


class Model:
    """A model of the manifest that is kept as a table, or as a view."""

    def __init__(self, node: Any) -> None:
        self.name: str = node.name
        self.schema: str = node.schema
        self.is_incremental: bool = node.config.materialized == "incremental"
        self.kind = "view" if node.config.materialized == "replaced_view" else "table"
        key = node.config.unique_key
        self.key: list[str] = [key] if isinstance(key, str) else list(key or [])
        meta = node.config.meta
        self.audit = {meta[name] for name in ("written_at", "changed_at") if name in meta}

    def relation(self, before: str = "") -> str:
        return f'{before}{self.schema}."{self.name}"'


def kept_models(manifest: Manifest) -> list[Model]:
    """Every model that dbt keeps, so that a new one cannot be forgotten."""
    models = [
        Model(node)
        for node in manifest.nodes.values()
        if node.resource_type == "model" and node.config.materialized != "ephemeral"
    ]
    assert sum(model.is_incremental for model in models) > 10
    return models


class Store(Protocol):
    """A database that is filled and built in slices, and beside it one full build of all of raw."""

    models: list[Model]
    ours: str
    full: str
    """What stands before the name of a schema when both are compared."""

    def run(self, *words: str, variables: Variables | None = None) -> Build:
        """Run the models once."""

    def run_full(self) -> Build:
        """Run the models from nothing on all of raw, in another order of rows."""

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL, and fetch what it selects."""

    def compare(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL that names tables of both copies."""

    def insert(self, held: Slice) -> None:
        """Append rows to raw."""


class DuckDBStore:
    """Two DuckDB files: `template` is one with empty raw and with the seeds."""

    ours = "sliced."
    full = ""

    def __init__(self, project: Project, folder: Path, template: Path | None = None) -> None:
        self.project = project
        self.folder = folder
        self.template = template
        self.models = kept_models(project.manifest)
        self.path = folder / FILE_NAME
        if template is not None:
            shutil.copyfile(template, self.path)
        self.warehouse = Warehouse(project, folder)
        if template is None:
            seeded = project.run("seed", duckdb_path=self.path)
            assert seeded.succeeded, seeded.message

    def run(self, *words: str, variables: Variables | None = None) -> Build:
        return self._run(*words, path=self.path, variables=variables)

    def run_full(self) -> Build:
        assert self.template is not None
        (self.folder / "full").mkdir()
        shutil.copyfile(self.template, self._full_path())
        self.compare(
            ";".join(
                f"insert into raw.{table} select * from sliced.raw.{table} order by random()"
                for table in RAW_TABLES
            )
        )
        return self._run(path=self._full_path())

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        return self.warehouse.execute(sql)

    def compare(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(connect_duckdb(self._full_path())) as connection:
            connection.execute(f"attach '{self.path}' as sliced (read_only)")
            return connection.execute(sql).fetchall()

    def insert(self, held: Slice) -> None:
        self.warehouse.insert(held)

    def _full_path(self) -> Path:
        return self.folder / "full" / FILE_NAME

    def _run(self, *words: str, path: Path, variables: Variables | None = None) -> Build:
        return self.project.run(
            *("run", *words, *QUICKLY),
            duckdb_path=path,
            variables=ANYTHING_GOES | dict(variables or {}),
        )


class PostgresStore:
    """A database of PostgreSQL, where what is built in slices makes room for the full build."""

    ours = "sliced_"
    full = ""

    def __init__(self, warehouse: PostgresWarehouse) -> None:
        self.warehouse = warehouse
        self.models = kept_models(warehouse.project.manifest)

    def run(self, *words: str, variables: Variables | None = None) -> Build:
        return self.warehouse.project.run(
            *("run", *words, *QUICKLY), variables=ANYTHING_GOES | dict(variables or {})
        )

    def run_full(self) -> Build:
        for schema in {"staging", *(model.schema for model in self.models)}:
            self.execute(f"alter schema {schema} rename to {self.ours}{schema}")
        for table in RAW_TABLES:
            self.execute(
                f"create table raw.shuffled as select * from raw.{table} order by random();"
                f"truncate raw.{table};"
                f"insert into raw.{table} select * from raw.shuffled;"
                "drop table raw.shuffled"
            )
        return self.warehouse.project.run(*BUILD, *QUICKLY)

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        return self.warehouse.execute(sql)

    def compare(self, sql: str) -> list[tuple[Any, ...]]:
        return self.warehouse.execute(sql)

    def insert(self, held: Slice) -> None:
        self.warehouse.insert(held)


def replays(share: int) -> int:
    """How many replays to run: 40 on DuckDB (share 0) and 8 on PostgreSQL (share 1).

    TUTORMAX_REPLAYS="200,40" asks for more.
    """
    return int(os.environ.get("TUTORMAX_REPLAYS", "40,8").split(",")[share])


def replay(store: Store, seed: int) -> None:
    """Build after most slices, with one whim on the way, and compare with one full build."""
    rng = random.Random(f"replay {seed}")
    slices = random_slices(seed)
    whimsical = rng.randrange(len(slices) - 1)
    for number, held in enumerate(slices):
        store.insert(held)
        if number == whimsical:
            WHIMS[seed % len(WHIMS)](store, rng, held)
        if number == len(slices) - 1 or rng.random() < 0.85:
            build(store)
    assert_equals_full_build(store)


def build(store: Store, *words: str, variables: Variables | None = None) -> None:
    done = store.run(*words, variables=variables)
    # Before the first fact of any kind there is nothing to build from.
    assert done.succeeded or "Every table of raw is empty" in done.message, done.message


def nothing(store: Store, rng: random.Random, held: Slice) -> None:
    pass


def same_slice_again(store: Store, rng: random.Random, held: Slice) -> None:
    """All rows of the slice come once more, newly arrived."""
    build(store)
    arrivals = [row[LOADED_AT] for rows in held.values() for row in rows]
    if arrivals:
        stamp = {LOADED_AT: max(arrivals) + timedelta(microseconds=1)}
        store.insert({table: [row | stamp for row in rows] for table, rows in held.items()})


def idle_build(store: Store, rng: random.Random, held: Slice) -> None:
    """A build over the same raw leaves every row as it is, audit columns and all."""
    build(store)
    before = contents(store)
    build(store)
    assert contents(store) == before


def earlier_date(store: Store, rng: random.Random, held: Slice) -> None:
    build(store, variables={"as_of_date": some_day(store, rng)})


def dated_backfill(store: Store, rng: random.Random, held: Slice) -> None:
    build(store)
    build(store, variables={"restate_from": some_day(store, rng)})


def full_refresh(store: Store, rng: random.Random, held: Slice) -> None:
    build(store, "--full-refresh")


def some_models(store: Store, rng: random.Random, held: Slice) -> None:
    """Only some models are built, as when a build breaks off or is told to.

    It may fail where a parent's table is behind its child's, or missing: that must do no harm.
    """
    names = [model.name for model in store.models]
    for _ in range(2):
        first = rng.choice(names)
        some = rng.sample(names, rng.randint(1, len(names) - 1))
        store.run("--select", *rng.choice([some, [f"{first}+"], [f"+{first}"]]))


def rows_leave_raw(store: Store, rng: random.Random, held: Slice) -> None:
    build(store)
    for _ in range(rng.randint(1, 3)):
        table = rng.choice([*KEYS, "sessions", "student_feedback"])
        keys = store.execute(f"select distinct {KEYS[table]} from raw.{table} order by 1")
        if keys:
            (key,) = rng.choice(keys)
            store.execute(f"delete from raw.{table} where {KEYS[table]} = '{key}'")


WHIMS: list[Callable[[Store, random.Random, Slice], None]] = [
    some_models,
    same_slice_again,
    earlier_date,
    rows_leave_raw,
    nothing,
    idle_build,
    dated_backfill,
    full_refresh,
]
"""What may happen between two builds; seeds take turns."""


def some_day(store: Store, rng: random.Random) -> str:
    days = store.execute(
        "select distinct cast(scheduled_start as date) from raw.sessions"
        " where scheduled_start > timestamp '2020-01-01' order by 1"
    )
    return str(rng.choice(days)[0]) if days else "2024-03-01"


def assert_equals_full_build(store: Store) -> None:
    """Every table is what one full build of all of raw gives."""
    (last_built,) = store.execute("select max(started_at) from tutormax.tutormax_runs")[0]
    done = store.run_full()
    assert done.succeeded, done.message
    if datetime.now(UTC).date() != last_built.astimezone(UTC).date():
        pytest.skip("midnight has passed, and with rows dated in the future the clock goes on")
    found = {
        model.name: difference
        for model in store.models
        if model.is_incremental and (difference := differences(store, model))
    }
    assert not found, json.dumps(found, indent=1, default=str)


def differences(store: Store, model: Model, limit: int = 4) -> list[tuple[Any, ...]]:
    """Rows that one of the two copies holds and the other does not; audit columns left out."""
    columns = ", ".join(
        f'"{name}"'
        for (name,) in store.execute(
            "select column_name from information_schema.columns"
            f" where table_schema = '{model.schema}' and table_name = '{model.name}'"
            " order by ordinal_position"
        )
        if name not in model.audit
    )
    ours = f"select {columns} from {model.relation(store.ours)}"
    full = f"select {columns} from {model.relation(store.full)}"
    return [
        row
        for side, one, other in (("only in slices", ours, full), ("only in full", full, ours))
        for row in store.compare(
            f"select '{side}', * from (({one}) except all ({other})) as differing limit {limit}"
        )
    ]


def contents(store: Store) -> dict[str, Sequence[Any]]:
    """What the incremental models hold, audit columns and all."""
    return {
        model.name: sorted(map(repr, store.execute(f"select * from {model.relation()}")))
        for model in store.models
        if model.is_incremental
    }
