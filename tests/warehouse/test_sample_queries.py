"""The sample queries of the schema document: they ship as analyses and give the right answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support import schema_document
from support.factories import feedback, intervention, session, student, tutor
from support.project import REPOSITORY
from support.tables import Row
from support.warehouses import PostgresWarehouse
from support.warehouses.postgres import insert_rows

QUERIES = {
    "Get tutor with recent sessions": "tutor_with_recent_sessions",
    "Find high-risk tutors": "high_risk_tutors",
    "Calculate average rating for tutor": "average_rating_for_tutor",
    "Get pending interventions by risk level": "pending_interventions_by_risk_level",
}
NOW = datetime.now(UTC)


def ago(**time: float) -> str:
    """An instant before now, as the rows' makers take it."""
    return (NOW - timedelta(**time)).replace(tzinfo=None).isoformat()


def prediction(tutor_id: str, days_ago: int, score: int, level: str) -> Row:
    at = NOW - timedelta(days=days_ago)
    return {
        "prediction_id": f"{tutor_id}-{days_ago}",
        "tutor_id": tutor_id,
        "prediction_date": at,
        "churn_score": score,
        "risk_level": level,
        "contributing_factors": {},
        "model_version": "1",
        "created_at": at,
        "updated_at": at,
    }


@pytest.fixture(scope="module")
def warehouse(seeded_on_postgres: PostgresWarehouse) -> Iterator[PostgresWarehouse]:
    tutors = ["tutor_123", "calm", "busy", "idle"]
    sessions = [
        session("recent", "tutor_123", "student-1", ago(days=1)),
        session("coming", "tutor_123", "student-1", ago(days=-3), actual_start=None),
        session("within", "tutor_123", "student-1", ago(days=29, hours=23)),
        session("before", "tutor_123", "student-1", ago(days=30, hours=1)),
        *(session(f"busy-{n}", "busy", "student-1", ago(days=n + 1)) for n in range(6)),
        *(session(f"calm-{n}", "calm", "student-1", ago(days=n + 1)) for n in range(4)),
        session("calm-old", "calm", "student-1", ago(days=40)),
    ]
    rated = [row for row in sessions if row["session_id"].startswith(("busy", "calm"))]
    ratings = [5, 4, 4, 2, 1, 3]
    predictions = [
        prediction("busy", 1, 51, "High"),
        prediction("busy", 2, 99, "Critical"),
        prediction("calm", 1, 50, "Medium"),
        prediction("calm", 3, 90, "Critical"),
        prediction("tutor_123", 1, 80, "Critical"),
    ]
    with seeded_on_postgres.copy() as warehouse:
        warehouse.insert(
            {
                "tutors": [
                    tutor(name, onboarding_date=NOW - timedelta(days=60)) for name in tutors
                ],
                "students": [student("student-1")],
                "sessions": sessions,
                "student_feedback": [
                    feedback(row["session_id"], row, overall_rating=ratings[at % len(ratings)])
                    for at, row in enumerate(rated)
                ],
                "interventions": [
                    intervention(key, name, ago(days=2), status=status, completed_date=None)
                    for key, name, status in [
                        ("of-busy", "busy", "pending"),
                        ("of-calm", "calm", "pending"),
                        ("of-tutor", "tutor_123", "pending"),
                        ("begun", "busy", "in_progress"),
                        ("unscored", "idle", "pending"),
                    ]
                ],
            }
        )
        warehouse.fill()
        with closing(warehouse.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("truncate churn_predictions")
            for index in ("window_1day", "window_7day", "window_30day", "window_90day"):
                for row in predictions:
                    row[f"{index}_probability"] = 0.5
            insert_rows(cursor, "churn_predictions", predictions)
        yield warehouse


@pytest.fixture
def answer(warehouse: PostgresWarehouse) -> Any:
    """The rows that an analysis gives, as {column: value}; of two columns of a name the last."""

    def ask(name: str) -> list[dict[str, Any]]:
        sql = (REPOSITORY / "analyses" / f"{name}.sql").read_text()
        with closing(warehouse.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            assert cursor.description is not None
            columns = [column.name for column in cursor.description]
            return [dict(zip(columns, values, strict=True)) for values in cursor.fetchall()]

    return ask


def test_the_analyses_are_the_queries_of_the_document() -> None:
    queries = schema_document.sample_queries()
    assert queries.keys() == QUERIES.keys()
    for title, name in QUERIES.items():
        assert (REPOSITORY / "analyses" / f"{name}.sql").read_text() == queries[title]


def test_dbt_compiles_the_analyses(warehouse: PostgresWarehouse) -> None:
    found = {
        node.name
        for node in warehouse.project.manifest.nodes.values()
        if node.resource_type == "analysis"
    }
    assert found >= set(QUERIES.values())
    assert warehouse.dbt("compile", "--select", *QUERIES.values()).succeeded


def test_tutor_with_recent_sessions(answer: Any) -> None:
    rows = answer("tutor_with_recent_sessions")
    assert [row["session_id"] for row in rows] == ["coming", "recent", "within"]
    assert {row["name"] for row in rows} == {"Tutor tutor_123"}
    assert len(rows[0]) == 12 + 17 - len({"tutor_id", "created_at", "updated_at"})


def test_high_risk_tutors(answer: Any) -> None:
    assert answer("high_risk_tutors") == [
        {
            "name": f"Tutor {name}",
            "email": f"{name}@example.com",
            "churn_score": score,
            "risk_level": level,
        }
        for name, score, level in [("tutor_123", 80, "Critical"), ("busy", 51, "High")]
    ]


def test_average_rating_for_tutor(answer: Any) -> None:
    (row,) = answer("average_rating_for_tutor")
    assert (row["tutor_id"], row["name"]) == ("busy", "Tutor busy")
    assert row["avg_rating"] * 6 == pytest.approx(19)


def test_pending_interventions_by_risk_level(answer: Any) -> None:
    rows = answer("pending_interventions_by_risk_level")
    assert [(row["intervention_id"], row["name"], row["risk_level"]) for row in rows] == [
        ("of-tutor", "Tutor tutor_123", "Critical"),
        ("of-busy", "Tutor busy", "High"),
        ("of-calm", "Tutor calm", "Medium"),
    ]
