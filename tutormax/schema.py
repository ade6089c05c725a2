"""The raw and archive tables: SQLAlchemy metadata shared by Alembic, the loader and the tests.

Raw is permissive: no keys, checks or lengths, and only `_loaded_at` is not nullable. The columns
are those of the TutorMax schema document. Staging checks lengths, so that a row with a name that is
too long is rejected with its reason.

The archive has rows that left raw, in tables with the same columns, and what they contributed to
metrics, as totals.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

RAW_SCHEMA = "raw"
LOADED_AT = "_loaded_at"
ARCHIVE_SCHEMA = "archive"
ARCHIVED_AT = "_archived_at"

metadata = MetaData(schema=RAW_SCHEMA)
archive_metadata = MetaData(schema=ARCHIVE_SCHEMA)


def _raw_table(name: str, /, **columns: TypeEngine[Any]) -> Table:
    return Table(
        name,
        metadata,
        *(Column(column, kind) for column, kind in columns.items()),
        Column(LOADED_AT, _timestamp(), nullable=False),
    )


def _timestamp() -> DateTime:
    return DateTime(timezone=True)


tutors = _raw_table(
    "tutors",
    tutor_id=String(),
    name=String(),
    email=String(),
    onboarding_date=_timestamp(),
    status=String(),
    subjects=ARRAY(String()),
    education_level=String(),
    location=String(),
    baseline_sessions_per_week=Double(),
    behavioral_archetype=String(),
    created_at=_timestamp(),
    updated_at=_timestamp(),
)

students = _raw_table(
    "students",
    student_id=String(),
    name=String(),
    age=Integer(),
    grade_level=String(),
    subjects_interested=ARRAY(String()),
    created_at=_timestamp(),
    updated_at=_timestamp(),
)

sessions = _raw_table(
    "sessions",
    session_id=String(),
    tutor_id=String(),
    student_id=String(),
    session_number=Integer(),
    scheduled_start=_timestamp(),
    actual_start=_timestamp(),
    duration_minutes=Integer(),
    subject=String(),
    session_type=String(),
    tutor_initiated_reschedule=Boolean(),
    no_show=Boolean(),
    late_start_minutes=Integer(),
    engagement_score=Double(),
    learning_objectives_met=Boolean(),
    technical_issues=Boolean(),
    created_at=_timestamp(),
    updated_at=_timestamp(),
)

student_feedback = _raw_table(
    "student_feedback",
    feedback_id=String(),
    session_id=String(),
    student_id=String(),
    tutor_id=String(),
    overall_rating=Integer(),
    is_first_session=Boolean(),
    subject_knowledge_rating=Integer(),
    communication_rating=Integer(),
    patience_rating=Integer(),
    engagement_rating=Integer(),
    helpfulness_rating=Integer(),
    would_recommend=Boolean(),
    improvement_areas=ARRAY(String()),
    free_text_feedback=Text(),
    submitted_at=_timestamp(),
    created_at=_timestamp(),
)

tutor_events = _raw_table(
    "tutor_events",
    event_id=String(),
    tutor_id=String(),
    event_type=String(),
    event_timestamp=_timestamp(),
    metadata=postgresql.JSONB(none_as_null=True),
    created_at=_timestamp(),
)

interventions = _raw_table(
    "interventions",
    intervention_id=String(),
    tutor_id=String(),
    intervention_type=String(),
    trigger_reason=Text(),
    recommended_date=_timestamp(),
    assigned_to=String(),
    status=String(),
    due_date=_timestamp(),
    completed_date=_timestamp(),
    outcome=String(),
    notes=Text(),
    created_at=_timestamp(),
    updated_at=_timestamp(),
)

SOURCE_TABLES: tuple[Table, ...] = (
    tutors,
    students,
    sessions,
    student_feedback,
    tutor_events,
    interventions,
)

unreadable_rows = _raw_table("unreadable_rows", source_table=Text(), record=Text(), error=Text())

KEYS: dict[str, str] = {
    "tutors": "tutor_id",
    "students": "student_id",
    "sessions": "session_id",
    "student_feedback": "feedback_id",
    "tutor_events": "event_id",
    "interventions": "intervention_id",
}
"""The column that names a row of each source."""


def _archive_table(source: Table) -> Table:
    table = source.to_metadata(archive_metadata, schema=ARCHIVE_SCHEMA)
    table.append_column(Column(ARCHIVED_AT, _timestamp(), nullable=False))
    return table


ARCHIVE_TABLES: tuple[Table, ...] = tuple(_archive_table(table) for table in SOURCE_TABLES)
"""In the order of `SOURCE_TABLES`."""


def _index_increments(table: Table) -> None:
    """Index raw on PostgreSQL by arrival and by key.

    Key indexes are hash indexes, because a B-tree does not accept keys of any length.
    """
    key = KEYS[table.name]
    Index(f"ix_raw_{table.name}_loaded_at", table.c[LOADED_AT])
    Index(
        f"ix_raw_{table.name}_record_key",
        text(f"coalesce({key}, '')"),
        _table=table,
        postgresql_using="hash",
    )


# After the archive tables are copied from these: they need no indexes.
for _source in (sessions, student_feedback, tutor_events, interventions):
    _index_increments(_source)
Index(
    "ix_raw_student_feedback_session_id",
    student_feedback.c.session_id,
    postgresql_using="hash",
)

DAY_MEASURES: dict[str, TypeEngine[Any]] = {
    "sessions": Integer(),
    "sessions_completed": Integer(),
    "no_shows": Integer(),
    "reschedules": Integer(),
    "on_time_starts": Integer(),
    "engagement_scores": Integer(),
    "engagement_sum": BigInteger(),
    "objectives_known": Integer(),
    "objectives_met": Integer(),
    "ratings": Integer(),
    "rating_sum": Integer(),
    "first_ratings": Integer(),
    "first_successes": Integer(),
    "logins": Integer(),
    "responses": Integer(),
    "response_sum": Numeric(38, 0),
    "late_minutes": BigInteger(),
    "reschedule_requests": Integer(),
    "availability_changes": Integer(),
    "availability_hours": BigInteger(),
    "trainings": Integer(),
}
"""The sums of a tutor's day: those of `macros/rules/day_measures.sql`."""


def _retained_table(name: str, /, **columns: TypeEngine[Any]) -> Table:
    return Table(
        name, archive_metadata, *(Column(column, kind) for column, kind in columns.items())
    )


RETAINED_TABLES: tuple[Table, ...] = (
    _retained_table("retained_tutor_days", tutor_id=String(), activity_day=Date(), **DAY_MEASURES),
    _retained_table(
        "retained_pending_ratings",
        tutor_id=String(),
        session_day=Date(),
        submitted_day=Date(),
        ratings=Integer(),
        rating_sum=Integer(),
        first_ratings=Integer(),
        first_successes=Integer(),
    ),
    _retained_table("retained_clock", first_activity_day=Date(), last_activity_day=Date()),
    Table(
        "retained_sessions",
        archive_metadata,
        Column("session_id", String(), index=True),
    ),
)
"""What is kept of rows that left raw for good or for the archive, for the models to add."""

tombstones = Table(
    "tombstones",
    archive_metadata,
    Column("secret", String()),
    Column("person", String()),
    Column("hash", String()),
    Column("erased_at", _timestamp()),
)
"""Keyed hashes of the ids and emails of erased people; `person` is the hash of the id."""
