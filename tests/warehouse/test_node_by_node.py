"""A build of many processes, as orchestrators run them, is one build if they name the same run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from support.factories import WORLD_WITH_REFUSALS as WORLD
from support.factories import session, student
from support.node_by_node import (
    NodesFailedError,
    nodes_before,
    nodes_in_order,
    run_node_by_node,
    words_of,
)
from support.tables import DEFAULT_ARRIVAL
from support.warehouses import DatabaseWarehouse, PostgresWarehouse

SENTENCE = "Processes that run parts of one build side by side need the same TUTORMAX_RUN_ID"
NAMED = {"TUTORMAX_RUN_ID": "scheduled__2025-03-11T06:00:00+00:00"}

LAST = "tutor_performance_metrics"
"""The last model of a run that is not deep."""

LOGS = {
    "build_log": "source_table, is_full, since_build, loaded_through, raw_rows",
    "watermarks": "model, checksum",
    "change_log": (
        "subject, first_changed_day, first_calculation_date, as_of_date, sessions_known_before"
    ),
}


def arrive(warehouse: DatabaseWarehouse) -> None:
    """Corrections and new rows."""
    arrival = {"_loaded_at": DEFAULT_ARRIVAL + timedelta(days=1)}
    corrected = [
        row
        | arrival
        | {"updated_at": row["updated_at"] + timedelta(days=1), "engagement_score": 0.5}
        for row in WORLD["sessions"][::9]
    ]
    new = [session("new", "tutor-1", "newcomer", "2025-03-09", **arrival)]
    warehouse.insert({"students": [student("newcomer", **arrival)], "sessions": [*corrected, *new]})


@pytest.fixture(scope="module")
def loaded(built_warehouse: DatabaseWarehouse) -> Iterator[DatabaseWarehouse]:
    """A built warehouse with news."""
    arrive(built_warehouse)
    with built_warehouse.copy() as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def selected(deep: bool) -> tuple[str, ...]:
    """What is built: in a deep run everything."""
    return () if deep else ("--select", f"+{LAST}")


@pytest.fixture(scope="module")
def expected(loaded: DatabaseWarehouse, selected: tuple[str, ...]) -> dict[str, Any]:
    """What one build makes of it."""
    with loaded.copy() as warehouse:
        build = warehouse.try_build(*selected)
        assert build.succeeded, build.message
        return outcome(warehouse)


def outcome(warehouse: DatabaseWarehouse) -> dict[str, Any]:
    """What a build leaves: rows, logs, and the report of its run."""
    last = "(select max(build_number) from staging.build_log)"
    logs = {
        table: {
            *warehouse.execute(f"select {columns} from staging.{table} where build_number = {last}")
        }
        for table, columns in LOGS.items()
    }
    runs = warehouse.execute(
        "select model, rows_inserted, rows_updated, rows_deleted from tutormax.tutormax_runs "
        f"where build_number = {last}"
    )
    named = warehouse.execute(
        f"select count(distinct run_id) from tutormax.tutormax_runs where build_number = {last}"
    )
    assert named == [(1,)]
    arrivals = warehouse.execute(
        "select source_table, rows_arrived, rows_rejected, reasons "
        f"from tutormax.tutormax_arrivals where build_number = {last}"
    )
    return {
        "published": warehouse.published(),
        "number": warehouse.execute(f"select {last}"),
        "runs": sorted(runs),
        "arrivals": sorted(arrivals),
        **logs,
    }


@pytest.mark.parametrize("built_warehouse", ["postgres"], indirect=True)
def test_four_processes_at_once_are_one_build(
    loaded: PostgresWarehouse, expected: dict[str, Any], selected: tuple[str, ...]
) -> None:
    with loaded.copy() as warehouse:
        nodes = nodes_in_order(warehouse.manifest)
        if selected:
            nodes = nodes_before(f"model.tutormax.{LAST}", nodes)
        assert len(nodes) > 15
        run_node_by_node(warehouse, nodes, NAMED)
        assert outcome(warehouse) == expected
        # The next build changes nothing.
        after = warehouse.try_build(*selected)
        assert after.succeeded, after.message
        assert outcome(warehouse)["published"] == expected["published"]


@pytest.mark.deep
@pytest.mark.parametrize("built_warehouse", ["postgres"], indirect=True)
def test_a_killed_process_runs_again_and_the_build_goes_on(
    loaded: PostgresWarehouse, expected: dict[str, Any]
) -> None:
    with loaded.copy() as warehouse:
        nodes = nodes_in_order(warehouse.manifest)
        run_node_by_node(warehouse, nodes, NAMED, killed=[*nodes][::3])
        left = outcome(warehouse)
        for told in ("published", "number", *LOGS):
            assert left[told] == expected[told], told


@pytest.mark.deep
@pytest.mark.parametrize("built_warehouse", ["duckdb"], indirect=True)
def test_one_process_after_the_other_is_one_build(
    loaded: DatabaseWarehouse, expected: dict[str, Any]
) -> None:
    with loaded.copy() as warehouse:
        for node in nodes_in_order(warehouse.manifest):
            done = warehouse.dbt(*words_of(node), env=NAMED)
            assert done.succeeded, done.message
        assert outcome(warehouse) == expected


@pytest.mark.parametrize("built_warehouse", ["duckdb"], indirect=True)
def test_a_process_with_other_vars_is_refused(loaded: DatabaseWarehouse) -> None:
    with loaded.copy() as warehouse:
        for variables, sentence in (
            ({}, ""),
            ({"on_time_minutes": 3}, "or other vars: give all its"),
        ):
            done = warehouse.dbt("run", "--select", "students", variables=variables, env=NAMED)
            assert done.succeeded == (not sentence), done.message
            assert sentence in " ".join(done.message.split())


@pytest.mark.deep("postgres")
def test_a_name_that_stays_the_same_is_refused_when_rows_have_arrived(
    loaded: DatabaseWarehouse,
) -> None:
    with loaded.copy() as warehouse:
        assert warehouse.dbt("run", env=NAMED).succeeded
        assert warehouse.dbt("run", "--select", "students", env=NAMED).succeeded
        arrival = {"_loaded_at": DEFAULT_ARRIVAL + timedelta(days=2)}
        warehouse.insert({"students": [student("late", **arrival)]})
        assert warehouse.dbt("run", "--select", "metric_sessions", env=NAMED).succeeded
        refused = warehouse.dbt("run", "--select", "students", env=NAMED)
        assert not refused.succeeded
        sentence = "is complete, and does not read the rows that have arrived in raw since it began"
        assert sentence in " ".join(refused.message.split())
        for name in ("stg_tutormax__students", "students"):
            done = warehouse.dbt("run", "--select", name, env={"TUTORMAX_RUN_ID": "next"})
            assert done.succeeded, done.message
        assert "late" in warehouse.published("students")["students"]


@pytest.mark.deep
def test_the_guard_stops_each_process_until_it_is_allowed(loaded: DatabaseWarehouse) -> None:
    with loaded.copy() as warehouse:
        before = warehouse.published()
        warehouse.execute("delete from raw.students where student_id = 'student-1' returning 1")
        with warehouse.copy() as whole:
            assert whole.try_build(variables={"allow_mass_delete": True}).succeeded
            wanted = whole.published()
        nodes = [*nodes_in_order(warehouse.manifest)]
        staged = [node for node in nodes if ".stg_" in node]
        for node in staged:
            assert warehouse.dbt(*words_of(node), env=NAMED).succeeded
        limits = {"max_delete_share": 0, "min_delete_rows": 1}
        for name in ("core__pending_changes", "students"):
            stopped = warehouse.dbt("run", "--select", name, variables=limits, env=NAMED)
            assert "This build would remove " in " ".join(stopped.message.split())
        assert warehouse.published() == before
        for node in nodes:
            if node not in staged:
                done = warehouse.dbt(
                    *words_of(node), variables=limits | {"allow_mass_delete": True}, env=NAMED
                )
                assert done.succeeded, done.message
        assert warehouse.published() == wanted


@pytest.mark.parametrize("built_warehouse", ["postgres"], indirect=True)
def test_processes_without_a_name_are_told_of_it(loaded: PostgresWarehouse) -> None:
    with loaded.copy() as warehouse, pytest.raises(NodesFailedError) as failed:
        run_node_by_node(warehouse, nodes_in_order(warehouse.manifest), {})
    assert SENTENCE in " ".join(str(failed.value).replace("\\n", " ").split())
