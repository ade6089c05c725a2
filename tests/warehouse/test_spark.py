"""Spark publishes what DuckDB and PostgreSQL publish, build after build."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.edge_cases import awkward_world
from support.must_fail_cases import breaking_statements
from support.project import DuckDbProject, Model, kept_models
from support.replay.whims import ANYTHING_GOES
from support.replay.worlds import random_slices
from support.tables import Row, merged, parsed
from support.warehouses import NewDuckDb
from support.warehouses.spark import SparkWarehouse
from tutormax.constraints import OF_CONSTRAINTS
from tutormax.errors import UserError
from tutormax.generate.settings import Settings
from tutormax.generate.writing import write_files
from tutormax.sample import DIRT
from tutormax.spark.needs import check_java
from tutormax.spark.standalone import standalone_cluster

try:
    check_java()
except UserError as error:
    pytest.skip(str(error), allow_module_level=True)

STORED = {"stored_month", "changed_in_build"}
"""Columns that say how and when, not what."""


SLICES = random_slices(7)
EARLY = merged(awkward_world(), *SLICES[: len(SLICES) // 2])
LATE = merged(*SLICES[len(SLICES) // 2 :])


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory, deep: bool) -> Iterator[SparkWarehouse]:
    """All rows built at once; in a deep run half of them first, and then all."""
    warehouse = SparkWarehouse(tmp_path_factory.mktemp("spark"))
    for world in (EARLY, LATE) if deep else (merged(EARLY, LATE),):
        warehouse.insert(world)
        warehouse.build(variables=ANYTHING_GOES)
    yield warehouse
    warehouse.close()


def test_engines_publish_the_same_in_slices_and_at_once(
    spark: SparkWarehouse, new_warehouse: NewDuckDb, dbt_project: DuckDbProject
) -> None:
    """Spark builds what its fixture says, DuckDB all at once.

    That PostgreSQL publishes what DuckDB does is in `test_engine_parity`.
    """
    duck = new_warehouse()
    duck.insert(merged(EARLY, LATE))
    duck.build()
    for model in kept_models(dbt_project.manifest):
        if model.is_incremental:
            place = model.name, model.schema
            ours, theirs = parsed(spark.rows(*place)), parsed(duck.rows(*place))
            assert not differences(by_key(model, ours), by_key(model, theirs)), place


@pytest.mark.deep
def test_a_build_with_nothing_new_rewrites_no_table(spark: SparkWarehouse) -> None:
    before = stored(spark)
    assert before
    spark.forget_column("staging.build_log", "reason")
    spark.build("--select", "sessions", "tutor_performance_metrics", variables=ANYTHING_GOES)
    assert stored(spark) == before, "a build with nothing new rewrote a published table"
    assert {row["reason"] for row in spark.rows("build_log", "staging")}
    (_, last) = max(
        (row["build_number"], row["summary"])
        for row in spark.rows("tutormax_runs")
        if row["model"] == "sessions"
    )
    assert "recomputed everything, because builds on spark always do" in last


@pytest.mark.deep
def test_every_broken_constraint_is_found(
    spark: SparkWarehouse, dbt_project: DuckDbProject
) -> None:
    test = ("test", "--select", f"test_name:{OF_CONSTRAINTS}")
    assert spark.dbt(*test).succeeded
    broken = {}
    for model in dbt_project.manifest.nodes.values():
        if model.resource_type == "model" and (names := breaking_statements(model.to_dict(), "")):
            broken[f"{OF_CONSTRAINTS}_{model.name}_"] = len(names)
            spark.insert_bad_rows(model.name)
    failures = re.findall(
        r"Failure in test (\w+).*\n\s*Got (\d+) results", spark.dbt(*test).message
    )
    assert {name: int(results) for name, results in failures} == broken


@pytest.mark.deep
def test_the_sample_on_a_cluster(
    tmp_path: Path, new_warehouse: NewDuckDb, dbt_project: DuckDbProject
) -> None:
    """The default sample on a standalone master with two workers, every data test included."""
    write_files(Settings(date(2026, 1, 31), 90, 450, 3000, seed=0), tmp_path / "raw", DIRT)
    spark = SparkWarehouse(tmp_path)
    duck = new_warehouse()
    for warehouse in (spark, duck):
        warehouse.load(tmp_path / "raw")
    with standalone_cluster(tmp_path, workers=2) as master:
        spark.build_on(master)
    duck.build()
    for model in kept_models(dbt_project.manifest):
        if model.is_incremental:
            place = model.name, model.schema
            ours = by_key(model, parsed(spark.rows(*place)))
            assert not differences(ours, by_key(model, parsed(duck.rows(*place)))), place


def by_key(model: Model, rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    """The rows of a table by their key, without what tells when and how they were written."""
    rows = list(rows)
    keyed = {
        tuple(row[name] for name in model.key): {
            name: value for name, value in row.items() if name not in model.audit | STORED
        }
        for row in rows
    }
    assert len(keyed) == len(rows), f"{model.name} holds a key twice"
    return keyed


def differences(ours: dict[Any, Row], theirs: dict[Any, Row], limit: int = 3) -> list[Any]:
    """Keys that only one side has, and rows of which a value differs."""
    lone = sorted(map(repr, ours.keys() ^ theirs.keys()))
    unlike = [
        (key, name, row[name], theirs[key][name])
        for key, row in ours.items()
        if key in theirs
        for name in row.keys() | theirs[key].keys()
        if not is_same(row[name], theirs[key][name])
    ]
    return lone[:limit] + unlike[:limit]


def is_same(one: Any, other: Any) -> bool:
    """Whether values are the same: doubles to nine digits, as exp() has no exact result."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, float) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9) or str(one) == str(other)
    return bool(one == other)


def stored(spark: SparkWarehouse) -> dict[Path, int]:
    """The files of the published tables, and when each was written."""
    return {
        file: file.stat().st_mtime_ns
        for file in spark.directory.glob("warehouse/tutormax.db/*/**/*.parquet")
        if file.parts[-2] not in ("tutormax_runs", "tutormax_arrivals")
    }
