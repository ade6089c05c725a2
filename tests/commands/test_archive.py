"""`tutormax archive`: old facts leave raw for the archive, and no metric notices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy.dialects import postgresql

from support.factories import event, feedback, intervention, random_world, session, student, utc
from support.project import REPOSITORY
from support.tables import KEYS, Row, merged
from support.warehouses import DatabaseWarehouse, PostgresWarehouse
from tutormax.operations.transaction import Transaction
from tutormax.schema import RETAINED_TABLES

METRICS = "tutor_performance_metrics"
PREDICTIONS = "churn_predictions"
AS_OF = "2024-03-16"
OLD_DAY = "2022-03-16"
"""Two years before: what is scheduled earlier is old."""
LATER = utc("2025-07-01 00:00")
LATEST = utc("2025-08-01 00:00")

GONE = "student-of-old-days"
OF_GONE = session("x-gone", "tutor-1", GONE, "2022-03-06 10:00")
EDGE_OLD = session("x-edge-old", "tutor-1", "student-1", "2022-03-15 23:59:59.999999")
EDGE_NEW = session("x-edge-new", "tutor-1", "student-1", "2022-03-16 00:00")
CORRECTED = session("x-corrected", "tutor-1", "student-1", "2022-03-05 10:00")
POSTPONED = session("x-postponed", "tutor-1", "student-1", "2022-03-05 10:00")
REFUSED = session("x-refused", "tutor-1", "student-1", "2022-03-05 10:00", session_number=0)
RECENT = session("x-recent", "tutor-2", "student-1", "2024-03-10 10:00")

WORLD = merged(
    random_world(13, days=30, first_day="2022-03-01"),
    {
        "students": [student(GONE)],
        "sessions": [
            OF_GONE,
            EDGE_OLD,
            EDGE_NEW,
            CORRECTED,
            CORRECTED | {"subject": "Physics", "updated_at": LATER, "_loaded_at": LATER},
            CORRECTED | {"duration_minutes": -1, "_loaded_at": LATER},
            POSTPONED,
            POSTPONED | {"scheduled_start": utc("2024-03-01 10:00"), "updated_at": LATER},
            REFUSED,
            RECENT,
        ],
        "student_feedback": [
            feedback("f-gone", OF_GONE),
            feedback("f-edge", EDGE_OLD, submitted_at=utc("2022-03-20 10:00")),
            feedback("f-very-late", CORRECTED, submitted_at=utc("2024-03-02 10:00")),
            feedback("f-rival", CORRECTED, _loaded_at=LATER),
            feedback("f-refused", REFUSED),
            feedback("f-orphan", CORRECTED | {"session_id": "x-nowhere"}),
            feedback("f-recent", RECENT),
        ],
        "tutor_events": [event("e-recent", "tutor-1", "2024-03-15 10:00")],
        "interventions": [
            intervention("i-edge-old", "tutor-1", "2023-03-12 23:59:59.999999"),
            intervention("i-edge-new", "tutor-1", "2023-03-13 00:00"),
            intervention("i-open", "tutor-1", "2022-03-05 10:00", status="pending"),
            intervention("i-refused", "tutor-1", "2022-03-05 10:00", outcome="unheard of"),
        ],
    },
)


def is_old(row: Row) -> bool:
    return bool(row["scheduled_start"] < utc(f"{OLD_DAY} 00:00"))


def raw_keys(warehouse: DatabaseWarehouse, schema: str) -> dict[str, list[Any]]:
    return {
        source: sorted(
            repr([value for name, value in row.items() if name != "_archived_at"])
            for row in warehouse.rows(source, schema)
        )
        for source in KEYS
    }


def is_full(warehouse: DatabaseWarehouse) -> bool:
    return bool(
        warehouse.execute(
            "select bool_or(is_full) from staging.build_log "
            "where build_number = (select max(build_number) from staging.build_log)"
        )[0][0]
    )


def test_the_clock_of_the_last_build_decides(warehouse: DatabaseWarehouse) -> None:
    (dates,) = warehouse.rows("int_activity__calculation_dates", "intermediate")
    assert str(dates["as_of_date"]) == AS_OF


def test_old_facts_move_and_metrics_stay(warehouse: DatabaseWarehouse) -> None:
    before = warehouse.published(audit=True)
    raw = raw_keys(warehouse, "raw")
    assert len([row for row in before["sessions"].values() if is_old(row)]) > 40

    said = warehouse.command("archive")

    left, archived = raw_keys(warehouse, "raw"), raw_keys(warehouse, "archive")
    for source in KEYS:
        assert sorted(left[source] + archived[source]) == raw[source]
        assert bool(archived[source]) == (
            source in ("sessions", "student_feedback", "interventions")
        )
    after = warehouse.published(audit=True)
    assert after["sessions"] == {k: r for k, r in before["sessions"].items() if not is_old(r)}
    assert {row["session_id"] for row in after["student_feedback"].values()} == {
        row["session_id"] for row in before["student_feedback"].values()
    } & after["sessions"].keys()
    for table in ("tutors", "students", "tutor_events", METRICS, PREDICTIONS):
        assert before[table]
        assert after[table] == before[table]
    in_archive = {row["session_id"] for row in warehouse.rows("sessions", "archive")}
    assert {"x-edge-old", "x-corrected", "x-refused"} <= in_archive
    assert not {"x-edge-new", "x-postponed", "x-recent"} & in_archive
    assert {row["intervention_id"] for row in warehouse.rows("interventions", "archive")} >= {
        "i-edge-old",
        "i-refused",
    }
    assert {"i-edge-new", "i-open"} <= {
        row["intervention_id"] for row in warehouse.rows("interventions", "raw")
    }
    assert {row["feedback_id"] for row in warehouse.rows("student_feedback", "archive")} >= {
        "f-edge",
        "f-very-late",
        "f-rival",
        "f-refused",
        "f-orphan",
    }
    for source, rows in archived.items():
        if rows:
            assert f"raw.{source}" in said and str(len(rows)) in said


@pytest.mark.deep("postgres")
def test_the_next_builds_and_a_second_time_change_nothing(warehouse: DatabaseWarehouse) -> None:
    """A build would stop at so many rows less; the archive leaves it nothing to remove."""
    clock = warehouse.rows("int_activity__calculation_dates", "intermediate")
    metrics = warehouse.published(METRICS, audit=True)
    warehouse.command("archive")
    after = warehouse.published(audit=True)
    warehouse.build()
    assert not is_full(warehouse)
    assert warehouse.published(audit=True) == after

    before = {place: raw_keys(warehouse, place) for place in ("archive", "raw")}
    warehouse.command("archive")
    assert {place: raw_keys(warehouse, place) for place in before} == before
    assert warehouse.published(audit=True) == after

    warehouse.build("--full-refresh", variables={"min_delete_rows": 1, "max_delete_share": 0})
    assert is_full(warehouse)
    assert warehouse.published(audit=True) == after
    assert warehouse.published(METRICS, audit=True) == metrics
    assert warehouse.rows("int_activity__calculation_dates", "intermediate") == clock


@pytest.mark.deep("postgres")
def test_a_history_made_anew_is_the_same(warehouse: DatabaseWarehouse) -> None:
    """Also without a person who was in the archive alone."""
    metrics = warehouse.published(METRICS)
    warehouse.command("archive")
    assert {"archive.sessions", "archive.student_feedback"} < {*warehouse.mentions(GONE)}
    assert not {"raw.sessions", "raw.student_feedback"} & {*warehouse.mentions(GONE)}
    warehouse.command("erase", "student", GONE, "--yes")
    assert warehouse.mentions(GONE) == []
    for schema in ("tutormax", "intermediate", "staging"):
        warehouse.execute(f"drop schema {schema} cascade")
    warehouse.build()
    assert warehouse.published(METRICS) == metrics


@pytest.mark.deep("postgres")
@pytest.mark.depth("times", quick=[1], deep=[2])
def test_what_comes_after_counts_and_what_comes_again_once(
    warehouse: DatabaseWarehouse, times: int
) -> None:
    """Builds after archiving are those that would have been without it."""
    at = {"_loaded_at": LATEST - timedelta(days=1)}
    again = {
        "sessions": [CORRECTED | at, EDGE_OLD | at],
        "student_feedback": [
            feedback("f-edge", EDGE_OLD, submitted_at=utc("2022-03-20 10:00"), **at)
        ],
    }
    late = session("x-late", "tutor-1", "student-1", "2022-03-10 10:00")
    fresh = session("x-fresh", "tutor-1", "student-1", "2024-03-15 10:00")
    # What is fresh comes first: days long past are then not restated, and stand as they are.
    news = [
        {
            "sessions": [one | {"_loaded_at": when}],
            "student_feedback": [feedback(f"f-{one['session_id']}", one, _loaded_at=when)],
        }
        for one, when in ((fresh, LATEST), (late, LATEST + timedelta(hours=1)))
    ]
    warehouse.insert(merged(*news))
    warehouse.build()
    expected = warehouse.published(METRICS)
    warehouse.restore()

    metrics = warehouse.published(METRICS)
    warehouse.command("archive")
    for _ in range(times):
        warehouse.insert(again)
        warehouse.build()
        assert "x-corrected" in warehouse.published("sessions")["sessions"]
        assert warehouse.published(METRICS) == metrics, "what is archived counts once"
        warehouse.command("archive")
        assert "x-corrected" not in warehouse.published("sessions")["sessions"]

    for arrived in news:
        warehouse.insert(arrived)
        warehouse.build()
        assert not is_full(warehouse)
    assert warehouse.published(METRICS) == expected
    warehouse.command("archive")
    warehouse.build("--full-refresh")
    assert warehouse.published(METRICS) == expected


def test_a_dry_run_tells_and_changes_nothing(warehouse: DatabaseWarehouse) -> None:
    before = warehouse.everything()
    said = warehouse.command("archive", "--dry-run")
    assert warehouse.everything() == before
    warehouse.command("archive")
    for source in ("sessions", "student_feedback", "interventions"):
        assert str(len(warehouse.rows(source, "archive"))) in said
    assert OLD_DAY in said and "nothing was changed" in said


def test_rows_that_do_not_arrive_stop_it(
    warehouse: DatabaseWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(warehouse, PostgresWarehouse):
        warehouse.execute(
            "create function archive.swallow() returns trigger language plpgsql as "
            "$$ begin return case when new.session_id = 'x-edge-old' then null else new end; end $$"
        )
        warehouse.execute(
            "create trigger swallow before insert on archive.sessions "
            "for each row execute function archive.swallow()"
        )
    else:
        change = Transaction.change

        def losing(tx: Transaction, sql: str) -> int:
            is_copy = sql.startswith('insert into "archive"."sessions"')
            return change(tx, sql + (" and session_id <> 'x-edge-old'" if is_copy else ""))

        monkeypatch.setattr(Transaction, "change", losing)
    before = warehouse.everything()
    assert "archive.sessions" in warehouse.refused("archive")
    assert warehouse.everything() == before


def test_an_interruption_changes_nothing_and_the_next_run_does_all(
    warehouse: DatabaseWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = warehouse.everything()

    def fail(*_: Any) -> None:
        raise ArithmeticError

    monkeypatch.setattr("tutormax.operations.archive._delete_predictions", fail)
    with pytest.raises(ArithmeticError):
        warehouse.command("archive")
    monkeypatch.undo()
    assert warehouse.everything() == before
    warehouse.command("archive")
    assert warehouse.rows("sessions", "archive")


def test_raw_that_no_build_has_judged_is_refused(warehouse: DatabaseWarehouse) -> None:
    new = session("x-new", "tutor-1", "student-1", "2022-03-10 10:00", _loaded_at=LATEST)
    warehouse.insert({"sessions": [new]})
    before = warehouse.everything()
    assert "dbt build" in warehouse.refused("archive")
    assert warehouse.everything() == before


def test_without_a_build_there_is_no_clock(warehouse: DatabaseWarehouse) -> None:
    warehouse.execute("drop schema tutormax cascade")
    assert "dbt build" in warehouse.refused("archive")


@pytest.mark.deep("postgres")
def test_lost_sums_stop_a_build(warehouse: DatabaseWarehouse) -> None:
    metrics = warehouse.published(METRICS, audit=True)
    warehouse.command("archive")
    warehouse.execute("delete from archive.retained_tutor_days returning 1")
    for words in (("--full-refresh",), ()):
        refused = warehouse.try_build(*words)
        assert not refused.succeeded
        assert "allow_history_loss" in refused.message
        assert warehouse.published(METRICS, audit=True) == metrics
    warehouse.build(
        *("--full-refresh", "--select", f"+{METRICS}", "+rejected_records"),
        variables={"allow_history_loss": True},
    )
    assert warehouse.published(METRICS, audit=True) != metrics


def test_predictions_are_kept_for_a_year(warehouse: DatabaseWarehouse) -> None:
    """No build publishes older ones; if some are there all the same, the archive deletes them."""
    before = warehouse.published(PREDICTIONS, audit=True)[PREDICTIONS]
    assert before
    for prediction_id, day in (("older", "2023-03-15 23:59:59"), ("kept", "2023-03-16 00:00:00")):
        warehouse.execute(
            f"insert into tutormax.{PREDICTIONS} (prediction_id, tutor_id, prediction_date, "
            "churn_score, risk_level, window_1day_probability, window_7day_probability, "
            "window_30day_probability, window_90day_probability, contributing_factors, "
            "model_version, created_at, updated_at) "
            f"values ('{prediction_id}', 'tutor-1', cast('{day}+00' as timestamp with time zone), "
            "1, 'Low', 0, 0, 0, 0, '{}', 'old', current_timestamp, current_timestamp) returning 1"
        )
    warehouse.command("archive")
    after = warehouse.published(PREDICTIONS, audit=True)[PREDICTIONS]
    assert after.keys() == before.keys() | {"kept"}


def test_the_sums_are_declared_alike_everywhere() -> None:
    text = (REPOSITORY / "models/staging/archive/_archive__sources.yml").read_text()
    declared = {
        table["name"]: [(column["name"], column["data_type"]) for column in table["columns"]]
        for source in yaml.safe_load(text)["sources"]
        for table in source["tables"]
    }
    assert declared == {
        table.name: [
            (
                column.name,
                column.type.compile(dialect=postgresql.dialect())
                .lower()
                .replace("numeric", "decimal"),
            )
            for column in table.columns
        ]
        for table in RETAINED_TABLES
    }
