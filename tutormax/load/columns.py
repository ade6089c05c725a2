"""What the raw columns are to the loader: their kinds and which of them a file must have."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ARRAY, JSON, Boolean, DateTime, Double, Integer, Table
from sqlalchemy.types import TypeEngine


class Kind(StrEnum):
    """Kind of value a raw column holds; the text finishes the sentence "'x' is not …"."""

    TEXT = (
        "text that a database can hold (one value, no NUL character, no half of a surrogate pair)"
    )
    INTEGER = "a 32-bit integer"
    DOUBLE = "a number"
    BOOLEAN = "a boolean"
    TIMESTAMP = "a timestamp like 2026-01-31 12:00:00, in UTC or with an offset up to 18 hours"
    ARRAY = "an array of text (JSON or a PostgreSQL literal)"
    JSON = "JSON that a database can hold, no key of an object given twice"


REQUIRED: dict[str, tuple[str, ...]] = {
    "tutors": ("tutor_id", "name", "email", "onboarding_date", "status"),
    "students": ("student_id", "name"),
    "sessions": (
        "session_id",
        "tutor_id",
        "student_id",
        "session_number",
        "scheduled_start",
        "subject",
        "session_type",
        "no_show",
    ),
    "student_feedback": (
        "feedback_id",
        "session_id",
        "student_id",
        "tutor_id",
        "overall_rating",
        "submitted_at",
    ),
    "tutor_events": ("event_id", "tutor_id", "event_type", "event_timestamp"),
    "interventions": (
        "intervention_id",
        "tutor_id",
        "intervention_type",
        "recommended_date",
        "status",
    ),
}
"""Columns without which no row of a source could be accepted: a file lacking one is a mistake."""


def names(table: Table) -> list[str]:
    """Names of the columns of a raw table, in the table's order."""
    return [column.name for column in table.columns]


def kinds(table: Table) -> dict[str, Kind]:
    """Kind of every column of a raw table, in the table's order."""
    return {column.name: _kind(column.type) for column in table.columns}


def _kind(type_: TypeEngine[object]) -> Kind:
    for python_type, kind in (
        (ARRAY, Kind.ARRAY),
        (JSON, Kind.JSON),  # JSONB is a JSON to SQLAlchemy
        (Boolean, Kind.BOOLEAN),
        (DateTime, Kind.TIMESTAMP),
        (Double, Kind.DOUBLE),
        (Integer, Kind.INTEGER),
    ):
        if isinstance(type_, python_type):
            return kind
    return Kind.TEXT
