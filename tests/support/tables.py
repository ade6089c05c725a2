"""Rows of raw and of published tables, and what names and hides them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tutormax.schema import KEYS

__all__ = ["KEYS"]

Row = dict[str, Any]
World = dict[str, list[Row]]
"""Rows by the name of their raw table."""

Tables = dict[str, dict[Any, Row]]
"""Rows by the name of their published table and their key."""

DEFAULT_ARRIVAL = datetime(2025, 6, 1, tzinfo=UTC)

PUBLISHED: dict[str, str | tuple[str, ...]] = KEYS | {
    "tutor_performance_metrics": "metric_id",
    "churn_predictions": "prediction_id",
    "churn_prediction_outcomes": (
        *("model_version", "horizon_days", "prediction_month"),
        "population",
    ),
    "churn_feature_drift": ("model_version", "prediction_month", "feature"),
    "churn_model_status": "model_version",
    "intervention_recommendations": "recommendation_id",
    "intervention_effectiveness": ("intervention_type", "recommended_month"),
    "rejected_records": "rejected_record_id",
}
"""The key of each published table."""

AUDIT = {
    "tutor_performance_metrics": {"created_at", "updated_at"},
    "churn_predictions": {"created_at", "updated_at"},
    "intervention_recommendations": {"created_at", "updated_at"},
    "rejected_records": {"rejected_at"},
}
"""The columns that say when a build wrote a row."""


PERSONAL = {
    "tutors": {"name", "email", "location"},
    "students": {"name", "age"},
    "student_feedback": {"free_text_feedback"},
    "tutor_events": {"metadata"},
    "interventions": {"trigger_reason", "assigned_to", "notes"},
    "rejected_records": {"record_key", "record"},
}
LABELS = {
    "tutors": {"education_level", "subjects"},
    "students": {"grade_level", "subjects_interested"},
    "student_feedback": {"improvement_areas"},
    "sessions": {"subject"},
    "tutor_events": {"event_type"},
    "metric_sessions": {"subject"},
}
"""Said here once more than in the models, so that a column which loses its mark is noticed."""


def merged(*worlds: Mapping[str, Iterable[Row]]) -> World:
    """All rows of all worlds."""
    result: World = {}
    for world in worlds:
        for table, rows in world.items():
            result.setdefault(table, []).extend(rows)
    return result


def key_of(table: str, row: Row) -> Any:
    """What names a row of a published table: a value, or several."""
    key = PUBLISHED[table]
    return row[key] if isinstance(key, str) else tuple(row[name] for name in key)


def by_key(table: str, rows: list[Row], *, audit: bool) -> dict[Any, Row]:
    hidden = set() if audit else AUDIT.get(table, set())
    keyed = {
        key_of(table, row): {name: value for name, value in row.items() if name not in hidden}
        for row in rows
    }
    assert len(keyed) == len(rows), f"{table} holds a key twice"
    return keyed


def parsed(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows of DuckDB, which gives JSON as text."""
    for row in rows:
        documents = {
            name: json.loads(row[name])
            for name in ("metadata", "record", "contributing_factors")
            if isinstance(row.get(name), str)
        }
        yield row | documents


def later(world: World, days: int) -> World:
    arrival = {"_loaded_at": DEFAULT_ARRIVAL + timedelta(days=days)}
    return {table: [row | arrival for row in rows] for table, rows in world.items()}
