"""Commands of dbt other than builds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from support.factories import small_world
from support.project import DuckDbProject
from support.warehouses import NewDuckDb


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
