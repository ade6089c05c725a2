"""What builds log: a sentence on each, and no more after many builds than after ten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.factories import WORLD_WITH_REFUSALS as WORLD
from support.factories import session
from support.tables import DEFAULT_ARRIVAL
from support.warehouses import DatabaseWarehouse

__all__ = ["WORLD"]

LOGS = ("build_log", "change_log", "watermarks")
CONTRACTS = "select count(distinct model) from staging.watermarks where contract is not null"
STUDENTS = ("run", "--select", "stg_tutormax__students", "core__pending_changes", "students")


def summary(warehouse: DatabaseWarehouse) -> str:
    """What the last run said of itself."""
    ((told,),) = warehouse.execute(
        "select distinct summary from tutormax.tutormax_runs "
        "where started_at = (select max(started_at) from tutormax.tutormax_runs)"
    )
    return str(told)


def line(title: str, warehouse: DatabaseWarehouse) -> str:
    """A line of `tutormax summary`."""
    printed = warehouse.command("summary", "--target", warehouse.target).splitlines()
    return next(text for text in printed if text.startswith(f"{title}:")).split(":", 1)[1].strip()


def arrive(warehouse: DatabaseWarehouse) -> None:
    """One new session, and one of nobody."""
    arrival = {"_loaded_at": DEFAULT_ARRIVAL + timedelta(days=1)}
    warehouse.insert(
        {
            "sessions": [
                WORLD["sessions"][0] | arrival | {"session_id": "new"},
                session("lost", "nobody", "nobody", "2025-03-09", **arrival),
            ]
        }
    )


@pytest.mark.deep
def test_logs_and_statements_are_the_same_after_many_builds(warehouse: DatabaseWarehouse) -> None:
    told = []
    for _ in range(2):
        for _ in range(12):
            assert warehouse.dbt(*STUDENTS).succeeded
        warehouse.build()
        statements = warehouse.dbt(*STUDENTS).statements
        sizes = [warehouse.execute(f"select count(*) from staging.{log}")[0][0] for log in LOGS]
        told.append((sizes, statements, warehouse.execute(CONTRACTS)))
    assert told[0] == told[1]
    assert statements > 0
    arrive(warehouse)
    warehouse.build()
    partial = warehouse.published()
    warehouse.build("--full-refresh")
    assert partial == warehouse.published()


def log_old_builds(warehouse: DatabaseWarehouse) -> None:
    """Log a hundred builds before the first, which no build reads any more."""
    for log in LOGS:
        names, _ = warehouse.query(f"select * from staging.{log} limit 0")
        values = ["number - 100 as build_number" if n == "build_number" else n for n in names]
        values = ["false as is_full" if name == "is_full" else name for name in values]
        warehouse.execute(
            f"insert into staging.{log} ({', '.join(names)}) select {', '.join(values)} "
            f"from staging.{log} cross join generate_series(1, 100) as numbers(number) returning 1"
        )


@pytest.mark.deep("postgres")
def test_each_build_says_what_it_did_and_why(warehouse: DatabaseWarehouse) -> None:
    assert "Build 1 recomputed everything, because " in summary(warehouse)
    completed = sorted(map(repr, warehouse.rows("watermarks", "staging")))
    contracts = warehouse.execute(CONTRACTS)
    log_old_builds(warehouse)
    warehouse.build()
    assert summary(warehouse) == (
        "Build 2 found no changed day since build 1; changed no published row; made no churn "
        "predictions from 2025-03-24 on, because no tutor has completed a session since 2025-03-20."
    )
    earlier = {
        log: [row for row in warehouse.rows(log, "staging") if row["build_number"] < 2]
        for log in LOGS
    }
    for log in ("build_log", "change_log"):
        assert {row["build_number"] for row in earlier[log]} == {*range(-8, 2)}
    assert sorted(map(repr, earlier["watermarks"])) == completed
    assert line("Changes", warehouse).startswith("nothing changed in the published tables")
    read = line("Raw rows", warehouse)
    arrive(warehouse)
    assert line("Raw rows", warehouse).endswith(f"{read.split(' = ')[1]} + 2 loaded, not built yet")
    warehouse.build()
    assert warehouse.execute(CONTRACTS) == contracts
    assert line("Raw rows", warehouse).endswith(" rejected")
    assert "2 rows inserted, " in line("Changes", warehouse)
    said = summary(warehouse)
    day = WORLD["sessions"][0]["scheduled_start"].date()
    assert f"Build 3 recomputed the days from {day} to " in said
    assert ", because of what has changed since build 2; inserted " in said
    assert (
        "; rejected 1 of 2 rows that arrived for sessions "
        "(tutor_not_accepted + student_not_accepted 1)" in said
    )
    one = ("run", "--select", "students")
    for words, variables, expected in (
        (("--empty",), {}, "created the tables that were missing and changed no other"),
        ((), {"restate_from": "2025-03-01"}, ", because of restate_from and what has changed"),
        ((), {"on_time_minutes": 3}, "everything, because the project, a seed or a var"),
        (("--full-refresh",), {}, "recomputed everything, because it is a full refresh"),
    ):
        done = warehouse.dbt(*one, *words, variables=variables)
        assert done.succeeded, done.message
        assert expected in summary(warehouse)
    assert " = " in line("Raw rows", warehouse)
    warehouse.execute("delete from raw.students where student_id = 'student-1' returning 1")
    assert "; the last build read 1 more: " in line("Raw rows", warehouse)
    done = warehouse.try_build(variables={"max_delete_share": 0, "min_delete_rows": 1})
    assert not done.succeeded
    said = summary(warehouse)
    assert line("Changes", warehouse) == said
    assert "set out to recompute everything, because " in said
    assert "core__pending_changes failed: This build would remove " in said
    assert " more did not run." in said
    warehouse.execute("alter table tutormax.churn_model_status rename to of_another_version")
    told = warehouse.refused("summary", "--target", warehouse.target)
    assert "are of another version of this project" in told
