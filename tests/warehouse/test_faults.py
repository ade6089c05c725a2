"""Each fault sets off the check that is there for it, and no other; clean data set off none.

A few faults run here, and all of them in a deep run; `make faults` prints the table.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.faults.bench import END, Bench, Fault, row_faults, together
from support.faults.catalogue import FAULTS
from support.project import DuckDbProject
from support.rule_cases import one_case_a_rule
from support.validating import broken, validated
from support.warehouses import NewDuckDb, NewPostgres
from tutormax.generate.settings import Settings
from tutormax.generate.writing import write_files

QUICK = [fault for fault in FAULTS if fault.quick]
STOPPING = [fault for fault in QUICK if fault.expected[0].startswith("build: ")]
QUICK_FAULTS = [*STOPPING, together([fault for fault in QUICK if fault not in STOPPING])]


@pytest.fixture(scope="module")
def bench(dbt_project: DuckDbProject, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(dbt_project, tmp_path_factory.mktemp("faults"))


def test_the_catalogue_is_long_and_names_each_fault_once() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
    assert len(names) > 30


@pytest.mark.deep
def test_nothing_fires_for_a_clean_load(bench: Bench) -> None:
    assert bench.fired(Fault("none", ()), tests=True) == set()


@pytest.mark.depth("fault", quick=QUICK_FAULTS, deep=FAULTS)
def test_a_fault_sets_off_its_check_and_no_other(fault: Fault, bench: Bench, deep: bool) -> None:
    expected = {name for name in fault.expected if deep or not name.startswith("dbt test")}
    assert bench.fired(fault, tests=deep) == expected


def test_each_broken_rule_has_its_reason_and_nothing_else_fires(bench: Bench) -> None:
    assert bench.base.rows("rejected_records") == []
    rows = list(row_faults(bench))
    assert [(name, fired) for name, expected, fired in rows if fired != set(expected)] == []
    assert len(rows) == len(one_case_a_rule()) + 1


@pytest.mark.deep
@pytest.mark.parametrize("world", range(10))
def test_clean_data_pass_everything(
    world: int, bench: Bench, new_warehouse: NewDuckDb, tmp_path: Path
) -> None:
    """Strictly: nothing is rejected, no expectation is broken, no test of dbt fails or warns."""
    settings = Settings(end_date=END, days=30, tutors=20, sessions_per_day=200, seed=world)
    write_files(settings, tmp_path)
    warehouse = new_warehouse()
    warehouse.load(tmp_path)
    warehouse.build()
    assert warehouse.rows("rejected_records") == []
    assert bench.validated(warehouse) == set()
    run = warehouse.dbt("test")
    assert run.succeeded, run.message


@pytest.mark.deep
def test_postgres_compares_loads_in_the_same_way(new_postgres: NewPostgres, tmp_path: Path) -> None:
    write_files(Settings(end_date=END, days=30, tutors=20, sessions_per_day=200, seed=1), tmp_path)
    day = "cast(_loaded_at as date) = date '2025-06-05'"
    with new_postgres() as warehouse:
        warehouse.load(tmp_path)
        warehouse.build()

        def fired() -> set[str]:
            return set(broken(validated(warehouse)))

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
