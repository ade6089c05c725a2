"""`tutormax erase`: nothing of the person remains, and the tutors' metrics do."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from support.factories import (
    event,
    feedback,
    intervention,
    random_world,
    session,
    student,
    tutor,
    utc,
)
from support.tables import KEYS, Row, Tables, merged
from support.warehouses import DatabaseWarehouse, on_postgres

METRICS = "tutor_performance_metrics"
PREDICTIONS = "churn_predictions"
PUPIL = "pupil-of-tests"
TEACHER = "teacher-of-tests"
PUPIL_NAME = "Ada Q. Testperson"
TEACHER_NAME = "Zoë O'Testperson"
TEACHER_EMAIL = "zoe@testperson.example"
LATER = utc("2025-06-02 00:00")

LAST = "2025-05-09 10:00"
LATE = session("x-late", "tutor-1", PUPIL, LAST)
"""The last activity of all: the clock stands on it."""
EARLY = session("x-early", "tutor-2", PUPIL, "2025-02-25 10:00")
"""The first of all."""
MOVED = session("x-moved", "tutor-1", PUPIL, "2025-03-20 10:00")
"""Of the pupil by an older version alone: it is another's."""
TAKEN = session("x-taken", "tutor-1", "student-1", "2025-03-21 10:00")
"""Another's by an older version alone: it is the pupil's."""
TAUGHT = session("x-taught", TEACHER, "student-2", "2025-03-22 10:00")


def of_pupil(row: Row, number: int) -> list[Row]:
    return [row, feedback(f"f-{number}", row, submitted_at=row["scheduled_start"])]


WORLD = merged(
    random_world(11, days=20),
    {
        "students": [
            student(PUPIL, name=PUPIL_NAME),
            student(PUPIL, name="Ada Former Testperson", updated_at=utc("2025-01-01 00:00")),
            student("namesake", name=PUPIL_NAME),
            student(" ", name=PUPIL_NAME),
        ],
        "tutors": [
            tutor(TEACHER, name=TEACHER_NAME, email=TEACHER_EMAIL.upper()),
            tutor("twin", email=TEACHER_EMAIL, _loaded_at=LATER),
            tutor(TEACHER, name=TEACHER_NAME, email="not an email", _loaded_at=LATER),
        ],
        "sessions": [
            LATE,
            EARLY,
            MOVED | {"updated_at": utc("2025-01-01 00:00")},
            MOVED | {"student_id": "student-2", "_loaded_at": LATER},
            TAKEN | {"updated_at": utc("2025-01-01 00:00")},
            TAKEN | {"student_id": PUPIL, "_loaded_at": LATER},
            session("x-refused", "tutor-1", PUPIL, "2025-03-23 10:00", session_number=0),
            TAUGHT,
            session("x-both", TEACHER, PUPIL, "2025-03-24 10:00"),
        ],
        "student_feedback": [
            feedback("f-late", LATE, submitted_at=LATE["scheduled_start"] + timedelta(hours=1)),
            feedback(
                "f-early",
                EARLY,
                overall_rating=1,
                submitted_at=EARLY["scheduled_start"] + timedelta(days=12),
            ),
            feedback("f-taken", TAKEN | {"student_id": PUPIL}),
            feedback("f-rival", EARLY | {"student_id": "student-3"}),
            feedback("f-taught", TAUGHT, free_text_feedback=f"{TEACHER_NAME}, {TEACHER_NAME}!"),
            feedback("f-moved", MOVED | {"student_id": "student-2"}, improvement_areas=[PUPIL]),
        ],
        "tutor_events": [
            event("e-taught", TEACHER, "2025-03-22 09:00"),
            event("e-other", "tutor-1", "2025-03-22 09:00", metadata={"with": PUPIL, "n": 7}),
            event("e-peer", "tutor-1", "2025-03-22 09:00", metadata={"by": TEACHER_EMAIL}),
        ],
        "interventions": [
            intervention("i-taught", TEACHER, "2025-03-22 09:00"),
            intervention(
                "i-other",
                "tutor-1",
                "2025-03-22 09:00",
                notes=f"Parents of {PUPIL_NAME} called.",
                trigger_reason=f"{PUPIL}-2 is somebody else.",
                assigned_to=TEACHER,
                status="unheard of",
            ),
        ],
    },
)


def unreadable(source: str, record: Row) -> str:
    text = json.dumps(record).replace("'", "''")
    return f"('{source}', '{text}', 'why', timestamp '2025-06-01 00:00:00')"


def prepare(warehouse: DatabaseWarehouse) -> None:
    rows = [
        unreadable("students", {"student_id": PUPIL, "age": "ten"}),
        unreadable("sessions", {"session_id": "x-u", "student_id": PUPIL, "no_show": "?"}),
        unreadable("tutors", {"tutor_id": TEACHER, "onboarding_date": "?"}),
        unreadable("tutors", {"tutor_id": "other", "onboarding_date": "?"}),
    ]
    warehouse.execute(f"insert into raw.unreadable_rows values {', '.join(rows)} returning 1")


def of_others(tables: dict[str, Any], column: str, identifier: str) -> dict[str, Any]:
    return {
        table: {key: row for key, row in rows.items() if row.get(column) != identifier}
        for table, rows in tables.items()
    }


def test_a_student_goes_and_the_metrics_stay(warehouse: DatabaseWarehouse) -> None:
    before = warehouse.published(audit=True)
    clock = warehouse.rows("int_activity__calculation_dates", "intermediate")
    assert warehouse.mentions(PUPIL, PUPIL_NAME)

    said = warehouse.command("erase", "student", PUPIL)

    erased: Tables = {}
    for words in ((), ("--full-refresh",), None):
        assert warehouse.mentions("Former Testperson", f"'{PUPIL}'", "x-late", "x-taken") == []
        after = warehouse.published(audit=True)
        assert after[METRICS] == before[METRICS]
        assert after[PREDICTIONS] == before[PREDICTIONS]
        kept = of_others(before, "student_id", PUPIL)
        for table in ("tutors", "students", "sessions"):
            assert after[table] == kept[table]
            assert (after[table] != before[table]) == (table != "tutors")
        assert "x-moved" in after["sessions"]
        erased = erased or after
        assert after == erased
        assert warehouse.rows("int_activity__calculation_dates", "intermediate") == clock
        if words is not None:
            warehouse.build(*words)
    assert plans(warehouse) == ["full", "partial"]
    # The name is another student's too, and the id is part of another word.
    assert {
        row["student_id"] for row in warehouse.rows("students") if row["name"] == PUPIL_NAME
    } == {"namesake"}
    notes = warehouse.execute(
        "select notes, trigger_reason from raw.interventions where intervention_id = 'i-other'"
    )
    assert notes == [("Parents of [erased] called.", f"{PUPIL}-2 is somebody else.")]
    assert "raw.sessions" in said


def plans(warehouse: DatabaseWarehouse) -> list[str]:
    """Whether each of the last two builds was full."""
    found = warehouse.execute(
        "select build_number, bool_or(is_full) from staging.build_log "
        "where run_id <> 'rows left' group by build_number order by build_number desc limit 2"
    )
    return ["full" if is_full else "partial" for _, is_full in found]


def test_nothing_of_a_student_remains(warehouse: DatabaseWarehouse) -> None:
    warehouse.execute("delete from raw.students where student_id = 'namesake' returning 1")
    warehouse.execute(
        "update raw.interventions set trigger_reason = null "
        "where intervention_id = 'i-other' returning 1"
    )
    warehouse.build()
    assert len(warehouse.mentions(PUPIL, PUPIL_NAME)) > 12
    warehouse.command("erase", "student", PUPIL)
    assert warehouse.mentions(PUPIL, PUPIL_NAME, "Former Testperson") == []
    warehouse.build("--full-refresh")
    assert warehouse.mentions(PUPIL, PUPIL_NAME, "Former Testperson") == []


def test_nothing_of_a_tutor_remains(warehouse: DatabaseWarehouse) -> None:
    before = warehouse.published(audit=True)
    clock = warehouse.rows("int_activity__calculation_dates", "intermediate")
    assert len(warehouse.mentions(TEACHER, TEACHER_NAME, TEACHER_EMAIL)) > 15
    said = warehouse.command("erase", "tutor", TEACHER)
    for build in ("", "--full-refresh"):
        assert warehouse.mentions(TEACHER, TEACHER_EMAIL, "Zoë", "x-taught", "twin") == []
        for table in (METRICS, PREDICTIONS):
            kept = of_others(before, "tutor_id", TEACHER)[table]
            assert kept.keys() < before[table].keys()
            assert warehouse.published(audit=True)[table] == kept
        assert warehouse.rows("int_activity__calculation_dates", "intermediate") == clock
        warehouse.build(*build.split())
        assert plans(warehouse)[0] == ("full" if build else "partial")
    for table in ("raw.tutors", "tutormax.sessions", f"tutormax.{METRICS}"):
        assert table in said


def test_every_row_is_still_accounted_for(warehouse: DatabaseWarehouse) -> None:
    warehouse.command("erase", "student", PUPIL)
    warehouse.command("erase", "tutor", TEACHER)
    for source in KEYS:
        counts = warehouse.execute(
            f"select (select count(*) from raw.{source}) + (select count(*) from "
            f"raw.unreadable_rows where source_table = '{source}'), "
            f"(select count(*) from tutormax.{source}) + (select count(*) from "
            f"tutormax.rejected_records where source_table = '{source}')"
        )
        assert counts[0][0] == counts[0][1], source


@pytest.mark.deep("postgres")
def test_rows_that_no_build_has_seen_are_erased(warehouse: DatabaseWarehouse) -> None:
    warehouse.insert(
        {"sessions": [session("x-new", "tutor-1", PUPIL, "2025-03-25 10:00", _loaded_at=LATER)]}
    )
    warehouse.command("erase", "student", PUPIL)
    warehouse.build()
    assert warehouse.mentions("x-new") == []
    assert plans(warehouse)[0] == "partial"


@pytest.mark.deep("postgres")
def test_a_person_in_the_archive_alone(warehouse: DatabaseWarehouse) -> None:
    warehouse.build(variables={"as_of_date": "2027-06-01"})
    warehouse.command("archive")
    assert "archive.sessions" in warehouse.mentions(PUPIL)
    metrics = warehouse.published(METRICS, audit=True)
    warehouse.command("erase", "student", PUPIL)
    assert warehouse.mentions(f"'{PUPIL}'") == []
    warehouse.build("--full-refresh", variables={"as_of_date": "2027-06-01"})
    assert warehouse.published(METRICS, audit=True) == metrics


def test_stored_failures_of_tests_are_emptied(warehouse: DatabaseWarehouse) -> None:
    warehouse.execute("create schema if not exists dbt_test__audit")
    warehouse.execute(f"create table dbt_test__audit.not_null as select '{PUPIL}' as student_id")
    warehouse.command("erase", "student", PUPIL)
    assert warehouse.execute("select * from dbt_test__audit.not_null") == []
    warehouse.execute("drop table dbt_test__audit.not_null")


@pytest.mark.deep("postgres")
def test_raw_alone_before_the_first_build(warehouse: DatabaseWarehouse) -> None:
    for schema in ("tutormax", "intermediate", "staging"):
        warehouse.execute(f"drop schema {schema} cascade")
    warehouse.command("erase", "student", PUPIL)
    assert warehouse.mentions(f"'{PUPIL}'") == []
    warehouse.build()
    assert PUPIL not in warehouse.published("students", audit=True)["students"]


@pytest.mark.parametrize("identifier", ["nobody", "x' or true --", "%", "", TEACHER])
def test_nobody_by_that_id(warehouse: DatabaseWarehouse, identifier: str) -> None:
    before = warehouse.everything()
    sentence = warehouse.refused("erase", "student", identifier)
    assert identifier in sentence
    assert warehouse.everything() == before


def test_a_failure_on_the_way_changes_nothing(
    warehouse: DatabaseWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = warehouse.everything()

    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tutormax.operations.erase.delete_sources", fail)
    with pytest.raises((KeyboardInterrupt, AssertionError)):
        warehouse.command("erase", "student", PUPIL)
    monkeypatch.undo()
    assert warehouse.everything() == before


def test_a_developers_copy_is_refused(
    warehouse: DatabaseWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTORMAX_SCHEMA_PREFIX", "dev_")
    assert "TUTORMAX_SCHEMA_PREFIX" in warehouse.refused("erase", "student", PUPIL)


@on_postgres
def test_a_build_that_runs_meanwhile_stops(warehouse: DatabaseWarehouse) -> None:
    before = warehouse.execute("select max(build_number) from staging.build_log")[0][0]
    warehouse.command("erase", "student", PUPIL)
    assert warehouse.execute("select max(build_number) from staging.build_log")[0][0] > before
