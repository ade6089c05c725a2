"""Whatever vars, seeds and macros a build is given, the next one equals a full one."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.factories import WORLD_WITH_REFUSALS as WORLD
from support.factories import random_world, session, student, tutor, utc
from support.project import REPOSITORY, DuckDbProject
from support.tables import KEYS, World, later, merged
from support.warehouses import BuiltWorld, DuckDbWarehouse, NewDuckDb

OTHER_VARS = {
    "churn_clock_open_days": 1,
    "churn_inactivity_days": 21,
    "effectiveness_min_tutors": 1,
    "first_session_success_rating": 5,
    "metric_windows": {"7day": 5, "30day": 20, "90day": 120},
    "on_time_minutes": 3,
    "prediction_retention_years": 2,
    "recommendation_min_sessions": 1,
}
"""Every var that says what a number means, with another value than the default."""


@pytest.fixture
def built(built_world: BuiltWorld) -> DuckDbWarehouse:
    return built_world("duckdb", WORLD).copy()


def test_vars_may_differ_from_the_first_build_on_and_change_between_builds(
    seeded: DuckDbWarehouse,
) -> None:
    """A silence of 20 days ends: with 21 for churn it was none, and no day of it stays."""
    world: World = merged(
        random_world(19, days=30),
        {
            "tutors": [tutor("silent", onboarding_date=utc("2025-01-10 09:00"))],
            "students": [student("listener")],
            "sessions": [session("before", "silent", "listener", "2025-03-01 10:00")],
        },
    )
    news = later({"sessions": [session("after", "silent", "listener", "2025-03-21 10:00")]}, 1)
    sliced, whole = seeded.copy(), seeded.copy()
    for slice_ in (world, news):
        sliced.insert(slice_)
        whole.insert(slice_)
        sliced.fill(variables=OTHER_VARS)
    whole.fill()
    assert whole.published() != sliced.published()
    whole.fill(variables=OTHER_VARS)
    assert whole.published() == sliced.published()


@pytest.mark.deep("postgres")
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_an_enum_may_gain_and_lose_a_value(
    engine: str, built_world: BuiltWorld, tmp_path: Path
) -> None:
    """The checks of tables that stand change with it; dbt renders them when it parses."""
    warehouse = built_world(engine, WORLD).copy()
    away = tutor("away", status="on leave")
    absent = session("absent", "away", "listener", "2025-03-01 10:00")
    before = warehouse.published(*KEYS)
    warehouse.insert(
        later({"tutors": [away], "students": [student("listener")], "sessions": [absent]}, 1)
    )
    words = ("run", "--select", "staging", "core")
    project = yaml.safe_load((REPOSITORY / "dbt_project.yml").read_text())
    enums = project["vars"]["enums"]
    enums["tutor_status"].append("on leave")
    wide = copy(warehouse)
    wide.project = type(warehouse.project)(tmp_path, variables={"enums": enums})
    done = wide.dbt(*words, variables={"enums": enums})
    assert done.succeeded, done.message
    wider = warehouse.published(*KEYS)
    assert wider["tutors"] == before["tutors"] | {"away": wider["tutors"]["away"]}
    assert wider["sessions"].keys() == before["sessions"].keys() | {"absent"}
    done = warehouse.dbt(*words)
    assert done.succeeded, done.message
    assert warehouse.published(*KEYS) == before | {"students": wider["students"]}
    refused = {row["record_key"] for row in warehouse.rows("rejected_records")}
    assert {"away", "absent"} <= refused


def changed_macro(manifest: Any) -> None:
    manifest.macros["macro.tutormax.safe_divide"].macro_sql += " "


def changed_model(manifest: Any) -> None:
    model = manifest.nodes["model.tutormax.int_churn__churn_events"]
    model.checksum.checksum = "another"


def test_a_change_of_the_project_recomputes_everything(
    built: DuckDbWarehouse, dbt_project: DuckDbProject
) -> None:
    """A build with no change, one with another macro, and one with another model as well."""
    for changes in ((), (changed_macro,), (changed_macro, changed_model)):
        manifest = dbt_project.manifest.deepcopy()
        for change in changes:
            change(manifest)
        manifest.build_flat_graph()
        dbt_project.spares.append(manifest)
        built.build("--select", "students")
    assert fulls(built) == [True, False, True, True]


def fulls(warehouse: DuckDbWarehouse) -> list[bool]:
    """Whether each build was a full one."""
    builds = warehouse.execute(
        "select build_number, bool_or(is_full) from staging.build_log group by 1 order by 1"
    )
    return [is_full for _, is_full in builds]


def test_seeds_may_come_before_raw(built: DuckDbWarehouse, new_warehouse: NewDuckDb) -> None:
    warehouse = new_warehouse()
    with new_warehouse() as early:
        early.execute("drop schema raw cascade")
        done = early.dbt("seed")
        assert done.succeeded, done.message
        assert early.execute("select count(distinct model) from staging.watermarks") == [(10,)]
    warehouse.insert(WORLD)
    assert warehouse.dbt("seed").succeeded
    assert warehouse.dbt("run").succeeded
    assert warehouse.published() == built.published()


def test_a_version_without_seeds_stops_a_build_with_nothing_new(built: DuckDbWarehouse) -> None:
    done = built.dbt("run", variables={"churn_model_version": "9.9.9"})
    assert "The active churn model 9.9.9 has no coefficients" in done.message


def test_a_changed_seed_counts_when_it_is_loaded(
    built: DuckDbWarehouse, dbt_project: DuckDbProject
) -> None:
    """A run without the seed reads what was loaded last, and so takes up from there."""
    for command, words in (
        ("run", "students"),
        ("seed", "performance_tier_thresholds"),
        ("run", "students"),
        ("run", "students"),
    ):
        manifest = dbt_project.manifest.deepcopy()
        manifest.nodes["seed.tutormax.performance_tier_thresholds"].checksum.checksum = "another"
        manifest.build_flat_graph()
        dbt_project.spares.append(manifest)
        done = built.dbt(command, "--select", words)
        assert done.succeeded, done.message
    assert fulls(built) == [True, False, True, False, False]
