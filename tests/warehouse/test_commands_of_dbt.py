"""Commands of dbt other than builds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.factories import WORLD_WITH_REFUSALS, small_world
from support.project import DuckDbProject
from support.replay.changes import under_prefix
from support.tables import World
from support.warehouses import BuiltWorld, NewDuckDb, PostgresWarehouse
from support.warehouses.protocol import AGAIN


def test_tests_before_the_first_build_end_in_a_sentence(
    unit_tested_project: DuckDbProject, new_warehouse: NewDuckDb
) -> None:
    warehouse = new_warehouse()
    warehouse.insert(small_world())
    for selection in ("test_type:unit", "test_type:data"):
        tested = unit_tested_project.run("test", "--select", selection, env=warehouse.environment)
        assert not tested.succeeded
        assert "tables that are not built in duckdb, such as " in " ".join(tested.message.split())
        assert tested.passed == {}


@pytest.mark.deep
@pytest.mark.parametrize(
    ("engine", "world"), [("duckdb", small_world()), ("postgres", WORLD_WITH_REFUSALS)]
)
def test_a_clone_may_come_before_its_seeds(
    engine: str, world: World, built_world: BuiltWorld, tmp_path: Path
) -> None:
    with built_world(engine, world).copy() as warehouse:
        warehouse.manifest.writable_manifest().write(str(tmp_path / "manifest.json"))
        warehouse.project = under_prefix(warehouse.project)
        prefix = {"TUTORMAX_SCHEMA_PREFIX": "dev_"}
        words = ("clone", "--state", str(tmp_path), "--select", "churn_predictions")
        done = warehouse.dbt(*words, env=prefix)
    assert done.succeeded, done.message


def test_a_seed_with_the_same_types_is_not_made_again(
    postgres_warehouse: PostgresWarehouse,
) -> None:
    """A view of somebody else's would stop that."""
    theirs = "create view public.theirs as select weight from staging.engagement_weights"
    postgres_warehouse.execute(theirs)
    done = postgres_warehouse.dbt("seed", "--full-refresh")
    assert done.succeeded, done.message


@pytest.mark.deep
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_a_retry_completes_the_build(engine: str, built_world: BuiltWorld) -> None:
    """The guard stops a build, the retry is allowed to go on, and later builds change nothing."""
    with built_world(engine, small_world()).copy() as warehouse:
        warehouse.execute("delete from raw.student_feedback returning 1")
        with pytest.raises(AssertionError, match="allow_mass_delete"):
            warehouse.process("dbt", "run", "--vars", "{min_delete_rows: 1}")
        warehouse.process("dbt", "retry", "--vars", "{allow_mass_delete: true}")
        assert warehouse.rows("student_feedback") == []
        retried = warehouse.published()
        warehouse.build()
        assert warehouse.published() == retried
        assert {"sessions", "churn_predictions"} <= warehouse.dbt(*AGAIN).unchanged


def test_data_tests_pass_in_a_run_without_rows(built_world: BuiltWorld) -> None:
    with built_world("duckdb", small_world()).copy() as warehouse:
        seeds = ("performance_tiers", "performance_tier_thresholds", "churn_features")
        done = warehouse.dbt(
            "build", "--empty", "--select", *seeds, "+int_activity__calculation_dates"
        )
    assert done.succeeded, done.message
    assert done.passed["test"] > 20


def test_freshness_is_that_of_the_arrivals(new_warehouse: NewDuckDb) -> None:
    warehouse = new_warehouse()
    warehouse.insert(small_world())
    for table, days in (("sessions", 0), ("student_feedback", 3), ("tutor_events", 8)):
        arrived = datetime.now(UTC) - timedelta(days=days)
        warehouse.query(f"alter table raw.{table} rename column _loaded_at to seen")
        warehouse.query(f"alter table raw.{table} alter seen type varchar using '{arrived:%FT%TZ}'")
    for table in ("tutors", "students", "interventions"):
        warehouse.query(f"alter table raw.{table} rename column _loaded_at to seen")
    fresh = warehouse.dbt("source", "freshness", variables={"loaded_at_column": "seen"})
    assert not fresh.succeeded
    assert fresh.passed["source"] == 1
    assert "ERROR STALE freshness of raw.tutor_events" in fresh.message
    assert "student_feedback" not in fresh.message  # a warning
