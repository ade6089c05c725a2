"""Each fault sets off the check that is there for it, and no other; clean data set off none.

A few faults run here, and all of them with TUTORMAX_FAULTS=all; `make faults` prints the table.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from duckdb_warehouse import Project, WarehouseFactory, environment
from fault_bench import END, Bench, Fault, row_faults
from fault_catalogue import FAULTS
from postgres_warehouse import PostgresProject
from rule_cases import one_case_a_rule
from validating import broken, validated

from tutormax.generate.settings import Settings
from tutormax.generate.writing import write_files
from tutormax.load import load_directory

pytest_plugins = ["warehouse_fixtures"]

ALL = os.environ.get("TUTORMAX_FAULTS") == "all"
CLEAN_SEEDS = int(os.environ.get("TUTORMAX_CLEAN_SEEDS", "1"))


@pytest.fixture(scope="module")
def bench(dbt_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(dbt_project, tmp_path_factory.mktemp("faults"))


def test_the_catalogue_is_long_and_names_each_fault_once() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
    assert len(names) > 30


def test_nothing_fires_for_a_clean_load(bench: Bench) -> None:
    assert bench.fired(Fault("none", ()), tests=ALL) == set()


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if ALL or fault.quick], ids=lambda fault: fault.name
)
def test_a_fault_sets_off_its_check_and_no_other(fault: Fault, bench: Bench) -> None:
    expected = {name for name in fault.expected if ALL or not name.startswith("dbt test")}
    assert bench.fired(fault, tests=ALL) == expected


def test_each_broken_rule_has_its_reason_and_nothing_else_fires(bench: Bench) -> None:
    rows = list(row_faults(bench))
    assert [(name, fired) for name, expected, fired in rows if fired != set(expected)] == []
    assert len(rows) == len(one_case_a_rule()) + 1


@pytest.mark.parametrize("world", range(CLEAN_SEEDS))
def test_clean_data_pass_everything(
    world: int,
    bench: Bench,
    dbt_project: Project,
    new_warehouse: WarehouseFactory,
    tmp_path: Path,
) -> None:
    """Strictly: nothing is rejected, no expectation is broken, no test of dbt fails or warns."""
    settings = Settings(end_date=END, days=30, tutors=20, sessions_per_day=200, seed=world)
    write_files(settings, tmp_path)
    warehouse = new_warehouse()
    with environment({"TUTORMAX_DUCKDB_PATH": str(warehouse.path)}):
        load_directory(tmp_path)
    warehouse.build()
    assert warehouse.rows("rejected_records") == []
    assert bench.validated(warehouse) == set()
    if ALL or CLEAN_SEEDS > 1:
        run = dbt_project.run("test", "--exclude", "test_type:unit", duckdb_path=warehouse.path)
        assert run.succeeded, run.message


@pytest.mark.skipif(not ALL, reason="TUTORMAX_FAULTS=all runs it")
def test_postgres_compares_loads_in_the_same_way(
    postgres_project: PostgresProject, tmp_path: Path
) -> None:
    write_files(Settings(end_date=END, days=30, tutors=20, sessions_per_day=200, seed=1), tmp_path)
    day = "cast(_loaded_at as date) = date '2025-06-05'"
    with postgres_project.warehouse() as warehouse:
        warehouse.load(tmp_path)
        warehouse.build()

        def fired() -> set[str]:
            environment = postgres_project.environment()
            return set(broken(validated(postgres_project.manifest, "postgres", environment)))

        assert fired() == set()
        warehouse.execute(f"update raw.student_feedback set overall_rating = 5 where {day}")
        assert fired() == {"raw.student_feedback.overall_rating mean"}
        warehouse.execute(
            "update raw.tutor_events set event_timestamp = event_timestamp + interval '1 day', "
            f"event_type = chr(195) || chr(169) where {day}"
        )
        assert fired() == {
            "raw.student_feedback.overall_rating mean",
            "raw.tutor_events.event_timestamp ahead",
            "raw.tutor_events.event_type damaged",
        }
