"""`tutormax erase`: nothing of the person remains, and the tutors' metrics do."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from support.erasable import (
    LATER,
    MARKED,
    MARKER,
    OTHERS_WHEN,
    PEER,
    PUPIL,
    PUPIL_NAME,
    SPELLINGS,
    TEACHER,
    TEACHER_EMAIL,
    TEACHER_NAME,
    WORLD,
    prepare,
)
from support.factories import session, tutor
from support.tables import KEYS, Tables
from support.warehouses import (
    DatabaseWarehouse,
    DuckDbWarehouse,
    PostgresWarehouse,
    on_postgres,
)
from tutormax.warehouse import ensure_archive_duckdb

__all__ = ["WORLD", "prepare"]

METRICS = "tutor_performance_metrics"
PREDICTIONS = "churn_predictions"
STEADY = (*KEYS, METRICS, PREDICTIONS, "intervention_recommendations")
"""Tables that a build leaves as the erasure left them; sums over tutors and reasons may change."""

ACCEPTING = ("--select", "+rejected_records", "+path:models/core")
"""What a build is of where only rows matter that are accepted or rejected."""

PUPILS_WORDS = (PUPIL, PUPIL_NAME, "Former Testperson", "x-late", "x-taken")
TEACHERS_WORDS = (TEACHER, TEACHER_EMAIL, "Zoë O", "x-taught", "twin")


def of_others(tables: dict[str, Any], column: str, identifier: str) -> dict[str, Any]:
    return {
        table: {key: row for key, row in rows.items() if row.get(column) != identifier}
        for table, rows in tables.items()
    }


def test_a_student_goes_and_the_metrics_stay(warehouse: DatabaseWarehouse) -> None:
    before = warehouse.published(audit=True)
    clock = warehouse.rows("int_activity__calculation_dates", "intermediate")
    assert len(warehouse.mentions(PUPIL, PUPIL_NAME)) > 12

    said = warehouse.command("erase", "student", PUPIL, "--yes")

    assert left_of(warehouse, *PUPILS_WORDS) == []
    after = warehouse.published(audit=True)
    assert after[METRICS] == before[METRICS]
    assert after[PREDICTIONS] == before[PREDICTIONS]
    kept = of_others(before, "student_id", PUPIL)
    for table in ("tutors", "students", "sessions"):
        assert after[table] == kept[table]
        assert (after[table] != before[table]) == (table != "tutors")
    assert "x-moved" in after["sessions"]
    assert warehouse.rows("int_activity__calculation_dates", "intermediate") == clock
    # The name is another student's too, and the id is part of another word.
    assert {
        row["student_id"] for row in warehouse.rows("students") if row["name"] == PUPIL_NAME
    } == {"namesake"}
    notes = warehouse.execute(
        "select notes, trigger_reason from raw.interventions where intervention_id = 'i-other'"
    )
    assert notes == [("Parents of [erased] called.", f"{PUPIL}-2 is somebody else.")]
    assert "raw.sessions" in said


def left_of(warehouse: DatabaseWarehouse, *words: str) -> list[str]:
    """The rows that hold any of the words, but for what others have in common with the pupil."""
    rows = (row for rows in warehouse.everything().values() for row in rows)
    told = (
        row.replace(f"{PUPIL}-2", "").replace(f"'namesake', '{PUPIL_NAME}'", "").lower()
        for row in rows
    )
    return [row for row in told if any(word.lower() in row for word in words)]


def test_everything_about_a_person_is_written(warehouse: DatabaseWarehouse, tmp_path: Path) -> None:
    out = tmp_path / "person"
    warehouse.command("subject-access", "tutor", TEACHER, "--out", str(out))
    held = json.loads((out / "person.json").read_text())["tables"]
    assert sorted(held) == sorted(warehouse.mentions(TEACHER))
    for table, rows in held.items():
        assert TEACHER in json.dumps(rows), table
    factors = [row["contributing_factors"] for row in held[f"tutormax.{PREDICTIONS}"]]
    assert any(factors) and all(isinstance(listed, dict) for listed in factors)
    page = (out / "index.html").read_text()
    assert "Zoë O&#x27;Testperson" in page and "One row per tutor" in page.replace(
        "one row", "One row"
    )
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}
    assert "There is no tutor 'nobody' in" in warehouse.refused(
        "subject-access", "tutor", "nobody", "--out", str(out)
    )
    (tmp_path / "planted").symlink_to(out)
    assert "is a link to another folder" in warehouse.refused(
        "subject-access", "tutor", TEACHER, "--out", str(tmp_path / "planted")
    )


def test_nothing_of_a_tutor_remains(warehouse: DatabaseWarehouse) -> None:
    before = warehouse.published(audit=True)
    clock = warehouse.rows("int_activity__calculation_dates", "intermediate")
    assert len(warehouse.mentions(TEACHER, TEACHER_NAME, TEACHER_EMAIL)) > 15
    said = warehouse.command("erase", "tutor", TEACHER, "--yes")
    assert warehouse.mentions(*TEACHERS_WORDS) == []
    for table in (METRICS, PREDICTIONS):
        kept = of_others(before, "tutor_id", TEACHER)[table]
        assert kept.keys() < before[table].keys()
        assert warehouse.published(audit=True)[table] == kept
    assert warehouse.rows("int_activity__calculation_dates", "intermediate") == clock
    for table in ("raw.tutors", "tutormax.sessions", f"tutormax.{METRICS}"):
        assert table in said


def test_no_spelling_remains(warehouse: DatabaseWarehouse) -> None:
    logs = Path(warehouse.environment["DBT_LOG_PATH"])
    logs.mkdir(exist_ok=True)
    for number, spelling in enumerate(SPELLINGS):
        (logs / f"dbt.log.{number}").write_text(f"Failing row contains ({spelling}).")
        (logs / f"page-{number}.html").write_text(f"<td>{escape(spelling)}</td>")
        (logs / f"preview-{number}.json").write_text(json.dumps({"a": spelling}))
    (logs / "other.log").write_text("Nothing.")
    archive(warehouse)
    warehouse.execute("create schema bi")
    warehouse.execute(f"create table bi.copied as select '{MARKED}' as who")
    marked = len(warehouse.mentions(MARKER))
    assert marked > 15
    assert stored(warehouse)
    before = warehouse.everything()

    said = warehouse.command("erase", "tutor", MARKED, "--dry-run")
    assert warehouse.everything() == before
    assert (logs / "dbt.log.1").exists()
    assert "would be erased" in said
    assert "bi.copied" in said
    assert "select" not in said
    warehouse.execute("drop table bi.copied")
    warehouse.execute("drop schema bi")

    said = warehouse.command("erase", "tutor", MARKED, "--yes")
    assert "Other ids" not in said
    assert "initials, 'Z. Marzipan'" in said
    assert warehouse.mentions(MARKER) == []
    assert not stored(warehouse)
    assert [file.name for file in logs.iterdir()] == ["other.log"]
    (key,) = warehouse.execute(
        "select session_id from tutormax.student_feedback where feedback_id = 'f-spoken'"
    )[0]
    assert key.startswith("[erased ")
    assert key in warehouse.published("sessions")["sessions"]
    if isinstance(warehouse, PostgresWarehouse):
        statistics = warehouse.execute("select cast(pg_stats as varchar) from pg_stats")
        assert not [text for (text,) in statistics if MARKER in text]


def archive(warehouse: DatabaseWarehouse) -> None:
    """Put all rows into the archive as well."""
    if isinstance(warehouse, DuckDbWarehouse):
        with warehouse.connection() as connection:
            ensure_archive_duckdb(connection)
    for table in KEYS:
        warehouse.execute(
            f"insert into archive.{table} select *, current_timestamp from raw.{table} returning 1"
        )


def stored(warehouse: DatabaseWarehouse) -> bool:
    """Whether the DuckDB file, or what lies beside it, has the marker; on PostgreSQL the tables."""
    if isinstance(warehouse, DuckDbWarehouse):
        files = warehouse.path.parent.glob(f"{warehouse.path.name}*")
        return any(MARKER.encode() in file.read_bytes() for file in files)
    return bool(warehouse.mentions(MARKER))


@pytest.mark.deep("postgres")
def test_who_comes_back_is_rejected(warehouse: DatabaseWarehouse, tmp_path: Path) -> None:
    warehouse.command("erase", "tutor", MARKED, "--yes")
    later = {"_loaded_at": LATER + timedelta(days=1)}
    back = {
        "tutors": [
            tutor(MARKED, name="Zoë Marzipan", **later),
            tutor("under another id", email="zoe@marzipan.example", **later),
        ],
        "sessions": [session("x-back", MARKED, "student-1", OTHERS_WHEN, **later)],
    }
    rejected = (
        "select source_table, record_key, cast(record as varchar) from tutormax.rejected_records "
        "where 'erased' = any(reasons) order by 1, 2"
    )
    warehouse.insert(back)
    for table, rows in back.items():
        lines = [json.dumps(row, default=str) for row in rows]
        (tmp_path / f"{table}.jsonl").write_text("\n".join([*lines, *lines[:1]]))
    (tmp_path / "tutor_events.csv").write_text(
        f"event_id,tutor_id,event_type,event_timestamp\ne-back,{MARKED},login,yesterday\n"
    )
    warehouse.load(tmp_path)
    warehouse.build(*ACCEPTING)
    loaded = [
        *[("sessions", None, "{}")] * 2,
        ("tutor_events", None, "{}"),
        *[("tutors", None, "{}")] * 3,
    ]
    inserted = [
        ("sessions", "x-back", "{}"),
        ("tutors", MARKED, "{}"),
        ("tutors", "under another id", "{}"),
    ]
    found = warehouse.execute(rejected)
    assert [row for row in found if row[1] is None] == loaded
    assert [row for row in found if row[1] is not None] == inserted
    assert MARKED not in warehouse.published("tutors")["tutors"]
    assert every_row_is_somewhere(warehouse)
    assert "3 rows" in warehouse.command("erase", "--returned")
    assert warehouse.mentions(MARKER, "x-back", "e-back") == []

    assert "accepted again" in warehouse.command("erase", "tutor", MARKED, "--allow-again")
    assert "nothing was changed" in warehouse.refused("erase", "tutor", MARKED, "--allow-again")
    warehouse.insert(back)
    warehouse.build(*ACCEPTING)
    assert MARKED in warehouse.published("tutors")["tutors"]
    assert "x-back" in warehouse.published("sessions")["sessions"]
    found = warehouse.execute(rejected)
    assert set(found) == {*loaded}
    assert len(found) == len(loaded) + 3
    assert every_row_is_somewhere(warehouse)


@pytest.mark.deep("postgres")
def test_erase_asks(warehouse: DatabaseWarehouse) -> None:
    assert "--yes" in warehouse.refused("erase", "student", PUPIL)
    assert "Name the person" in warehouse.refused("erase", "student")
    assert "alone" in warehouse.refused("erase", "student", PUPIL, "--returned")


@pytest.mark.deep("postgres")
def test_every_row_is_accounted_for_and_the_next_builds_change_nothing(
    warehouse: DatabaseWarehouse,
) -> None:
    """What is retained of two students of one tutor and day is one row."""
    clock = warehouse.rows("int_activity__calculation_dates", "intermediate")
    unseen = session("x-new", "tutor-1", PUPIL, "2025-03-25 10:00", _loaded_at=LATER)
    warehouse.insert({"sessions": [unseen]})
    for words in (("student", PUPIL), ("tutor", TEACHER), ("student", PEER), ("tutor", MARKED)):
        warehouse.command("erase", *words, "--yes")
    assert every_row_is_somewhere(warehouse)
    of_day = "where tutor_id = 'tutor-2' and {} = date '2025-02-25'"
    for table, day in (("tutor_days", "activity_day"), ("pending_ratings", "session_day")):
        assert warehouse.execute(
            f"select ratings, rating_sum, first_ratings, first_successes "
            f"from archive.retained_{table} {of_day.format(day)}"
        ) == [(2, 6, 2, 1)]
    assert warehouse.execute("select count(*) from archive.retained_clock") == [(1,)]

    erased = warehouse.published(*STEADY, audit=True)
    built: Tables = {}
    for plan, options in {"partial": [], "full": ["--full-refresh"]}.items():
        warehouse.build(*options)
        assert last_plan(warehouse) == plan
        assert warehouse.published(*STEADY, audit=True) == erased
        after = warehouse.published(audit=True)
        built = built or after
        assert after == built
        assert warehouse.rows("int_activity__calculation_dates", "intermediate") == clock
        assert left_of(warehouse, *PUPILS_WORDS) == []
        assert warehouse.mentions(*TEACHERS_WORDS) == []
        assert warehouse.mentions(MARKER) == []
        assert warehouse.mentions("x-new", PEER) == []


def last_plan(warehouse: DatabaseWarehouse) -> str:
    """Whether the last build was full."""
    (found,) = warehouse.execute(
        "select bool_or(is_full) from staging.build_log where run_id <> 'rows left' "
        "and build_number = (select max(build_number) from staging.build_log)"
    )
    return "full" if found[0] else "partial"


def every_row_is_somewhere(warehouse: DatabaseWarehouse) -> bool:
    counts = [
        warehouse.execute(
            f"select (select count(*) from raw.{source}) + (select count(*) from "
            f"raw.unreadable_rows where source_table = '{source}'), "
            f"(select count(*) from tutormax.{source}) + (select count(*) from "
            f"tutormax.rejected_records where source_table = '{source}')"
        )[0]
        for source in KEYS
    ]
    return all(raw == ended for raw, ended in counts)


def test_stored_failures_of_tests_are_emptied(warehouse: DatabaseWarehouse) -> None:
    warehouse.execute("create schema if not exists dbt_test__audit")
    warehouse.execute(f"create table dbt_test__audit.not_null as select '{PUPIL}' as student_id")
    warehouse.command("erase", "student", PUPIL, "--yes")
    assert warehouse.execute("select * from dbt_test__audit.not_null") == []
    warehouse.execute("drop table dbt_test__audit.not_null")


@pytest.mark.deep("postgres")
def test_raw_alone_before_the_first_build(warehouse: DatabaseWarehouse) -> None:
    for schema in ("tutormax", "intermediate", "staging"):
        warehouse.execute(f"drop schema {schema} cascade")
    warehouse.command("erase", "student", PUPIL, "--yes")
    assert warehouse.mentions(f"'{PUPIL}'") == []
    warehouse.build(*ACCEPTING)
    assert PUPIL not in warehouse.published("students", audit=True)["students"]


def test_nobody_by_that_id(warehouse: DatabaseWarehouse) -> None:
    before = warehouse.everything()
    for identifier in ("nobody", "x' or true --", "%", "", TEACHER):
        sentence = warehouse.refused("erase", "student", identifier, "--yes")
        assert identifier in sentence
    assert warehouse.everything() == before


def test_a_failure_on_the_way_changes_nothing(
    warehouse: DatabaseWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = warehouse.everything()

    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tutormax.operations.erasing.delete_sources", fail)
    with pytest.raises((KeyboardInterrupt, AssertionError)):
        warehouse.command("erase", "student", PUPIL, "--yes")
    monkeypatch.undo()
    assert warehouse.everything() == before


def test_a_developers_copy_is_refused(
    warehouse: DatabaseWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTORMAX_SCHEMA_PREFIX", "dev_")
    assert "TUTORMAX_SCHEMA_PREFIX" in warehouse.refused("erase", "student", PUPIL, "--yes")


@on_postgres
def test_a_build_that_runs_meanwhile_stops(warehouse: DatabaseWarehouse) -> None:
    before = warehouse.execute("select max(build_number) from staging.build_log")[0][0]
    warehouse.command("erase", "student", PUPIL, "--yes")
    assert warehouse.execute("select max(build_number) from staging.build_log")[0][0] > before
