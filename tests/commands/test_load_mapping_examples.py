"""The mappings in `examples/mappings` load the files beside them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow.parquet as pq
import pytest
from sqlalchemy import make_url

from support.load_trial import (
    NOON,
    Trial,
)
from tutormax.load.loader import load_directory
from tutormax.load.mapping_file import read_mapping
from tutormax.warehouse import RawTarget

EXAMPLES = Path(__file__).parents[2] / "examples" / "mappings"


def day(year: int, month: int, day: int, hour: int = 0, *rest: int) -> datetime:
    return datetime(year, month, day, hour, *rest, tzinfo=UTC)


SHIPPED: dict[str, list[tuple[str, str, list[tuple[Any, ...]]]]] = {
    "pandas": [
        (
            "tutors",
            "tutor_id, name, onboarding_date, subjects, baseline_sessions_per_week",
            [
                ("t1", "Ann Lee", day(2026, 1, 5), ["Math", "Physics"], 12.5),
                ("t2", "Ben O'Hara", day(2026, 1, 12), ["Reader's workshop"], None),
                ("t3", "Cy Roe", day(2026, 1, 19), None, None),
            ],
        ),
        (
            "students",
            "student_id, age, grade_level, subjects_interested, created_at",
            [("s1", 12, "7", ["Math"], NOON), ("s2", None, None, [], None)],
        ),
    ],
    "calendar": [
        (
            "tutors",
            "tutor_id, onboarding_date, status",
            [("t1", day(2026, 1, 5), "active"), ("t2", day(2026, 1, 12), "inactive")],
        ),
        (
            "sessions",
            "session_id, student_id, session_number, scheduled_start, actual_start, no_show",
            [
                ("a1", "s1", 1, day(2026, 1, 31, 21, 30), day(2026, 1, 31, 21, 33), False),
                ("a2", "s2", 1, day(2026, 7, 1, 4), None, True),
            ],
        ),
    ],
    "form": [
        (
            "tutors",
            "tutor_id, name, onboarding_date, status, subjects, baseline_sessions_per_week, "
            "created_at",
            [
                ("t1", "Änne Groß", day(2026, 2, 1), "active", ["Math", "Physics"], 12.5, NOON),
                (
                    *("t2", "Bodo Roth", day(2026, 7, 6), "active", ["Math"], 8.0),
                    day(2026, 6, 30, 22, 30, 15),
                ),
                ("t3", "Cora Ost", day(2026, 7, 13), "active", None, None, day(2026, 7, 2, 7)),
            ],
        ),
    ],
}


def test_each_mapping_that_is_shipped_is_tested() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.yml")} == set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_mappings_that_are_shipped(trial: Trial, name: str) -> None:
    trial.files = EXAMPLES / name
    outcome = trial.load("--mapping", str(EXAMPLES / f"{name}.yml"))
    assert outcome.code == 0, outcome.err
    assert "Not loaded" not in outcome.err
    assert set(outcome.counts()) == {table for table, _, _ in SHIPPED[name]}
    for table, columns, rows in SHIPPED[name]:
        assert outcome.counts()[table] == (len(rows), len(rows), 0)
        assert trial.rows(table, columns) == rows


def test_a_shipped_mapping_on_postgres(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = make_url(postgres_url)
    host = url.host or url.query.get("host", "127.0.0.1")
    for name, value in (
        ("HOST", str(host)),
        ("PORT", str(url.port or 5432)),
        ("USER", url.username or ""),
        ("PASSWORD", url.password or ""),
        ("DATABASE", url.database or ""),
    ):
        monkeypatch.setenv(f"TUTORMAX_PG_{name}", value)
    declared = read_mapping(EXAMPLES / "form.yml")
    load_directory(EXAMPLES / "form", RawTarget.POSTGRES, mapping=declared)
    ((_, columns, rows),) = SHIPPED["form"]
    con = psycopg2.connect(postgres_url)
    try:
        with con.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            cursor.execute(f"SELECT {columns} FROM raw.tutors ORDER BY tutor_id")
            assert cursor.fetchall() == rows
    finally:
        con.close()


def test_the_same_rows_for_spark(trial: Trial, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("TUTORMAX_SPARK_DIR", str(tmp_path / "spark"))
    declared = read_mapping(EXAMPLES / "form.yml")
    load_directory(EXAMPLES / "form", RawTarget.SPARK, mapping=declared)
    ((_, columns, rows),) = SHIPPED["form"]
    (file,) = (tmp_path / "spark" / "raw" / "tutors").glob("*.parquet")
    found = pq.read_table(file, columns=columns.split(", ")).to_pylist()
    assert [tuple(row.values()) for row in found] == rows
