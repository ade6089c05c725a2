"""The six source tables of raw, and the rows that fit no type."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "raw"
TIMESTAMP = sa.DateTime(timezone=True)
STRINGS = sa.ARRAY(sa.String())


def upgrade() -> None:
    op.create_table(
        "tutors",
        sa.Column("tutor_id", sa.String()),
        sa.Column("name", sa.String()),
        sa.Column("email", sa.String()),
        sa.Column("onboarding_date", TIMESTAMP),
        sa.Column("status", sa.String()),
        sa.Column("subjects", STRINGS),
        sa.Column("education_level", sa.String()),
        sa.Column("location", sa.String()),
        sa.Column("baseline_sessions_per_week", sa.Double()),
        sa.Column("behavioral_archetype", sa.String()),
        sa.Column("created_at", TIMESTAMP),
        sa.Column("updated_at", TIMESTAMP),
        sa.Column("_loaded_at", TIMESTAMP, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "students",
        sa.Column("student_id", sa.String()),
        sa.Column("name", sa.String()),
        sa.Column("age", sa.Integer()),
        sa.Column("grade_level", sa.String()),
        sa.Column("subjects_interested", STRINGS),
        sa.Column("created_at", TIMESTAMP),
        sa.Column("updated_at", TIMESTAMP),
        sa.Column("_loaded_at", TIMESTAMP, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.String()),
        sa.Column("tutor_id", sa.String()),
        sa.Column("student_id", sa.String()),
        sa.Column("session_number", sa.Integer()),
        sa.Column("scheduled_start", TIMESTAMP),
        sa.Column("actual_start", TIMESTAMP),
        sa.Column("duration_minutes", sa.Integer()),
        sa.Column("subject", sa.String()),
        sa.Column("session_type", sa.String()),
        sa.Column("tutor_initiated_reschedule", sa.Boolean()),
        sa.Column("no_show", sa.Boolean()),
        sa.Column("late_start_minutes", sa.Integer()),
        sa.Column("engagement_score", sa.Double()),
        sa.Column("learning_objectives_met", sa.Boolean()),
        sa.Column("technical_issues", sa.Boolean()),
        sa.Column("created_at", TIMESTAMP),
        sa.Column("updated_at", TIMESTAMP),
        sa.Column("_loaded_at", TIMESTAMP, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "student_feedback",
        sa.Column("feedback_id", sa.String()),
        sa.Column("session_id", sa.String()),
        sa.Column("student_id", sa.String()),
        sa.Column("tutor_id", sa.String()),
        sa.Column("overall_rating", sa.Integer()),
        sa.Column("is_first_session", sa.Boolean()),
        sa.Column("subject_knowledge_rating", sa.Integer()),
        sa.Column("communication_rating", sa.Integer()),
        sa.Column("patience_rating", sa.Integer()),
        sa.Column("engagement_rating", sa.Integer()),
        sa.Column("helpfulness_rating", sa.Integer()),
        sa.Column("would_recommend", sa.Boolean()),
        sa.Column("improvement_areas", STRINGS),
        sa.Column("free_text_feedback", sa.Text()),
        sa.Column("submitted_at", TIMESTAMP),
        sa.Column("created_at", TIMESTAMP),
        sa.Column("_loaded_at", TIMESTAMP, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "tutor_events",
        sa.Column("event_id", sa.String()),
        sa.Column("tutor_id", sa.String()),
        sa.Column("event_type", sa.String()),
        sa.Column("event_timestamp", TIMESTAMP),
        sa.Column("metadata", postgresql.JSONB()),
        sa.Column("created_at", TIMESTAMP),
        sa.Column("_loaded_at", TIMESTAMP, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "interventions",
        sa.Column("intervention_id", sa.String()),
        sa.Column("tutor_id", sa.String()),
        sa.Column("intervention_type", sa.String()),
        sa.Column("trigger_reason", sa.Text()),
        sa.Column("recommended_date", TIMESTAMP),
        sa.Column("assigned_to", sa.String()),
        sa.Column("status", sa.String()),
        sa.Column("due_date", TIMESTAMP),
        sa.Column("completed_date", TIMESTAMP),
        sa.Column("outcome", sa.String()),
        sa.Column("notes", sa.Text()),
        sa.Column("created_at", TIMESTAMP),
        sa.Column("updated_at", TIMESTAMP),
        sa.Column("_loaded_at", TIMESTAMP, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "unreadable_rows",
        sa.Column("source_table", sa.Text()),
        sa.Column("record", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("_loaded_at", TIMESTAMP, nullable=False),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.drop_table("unreadable_rows", schema=SCHEMA)
    op.drop_table("interventions", schema=SCHEMA)
    op.drop_table("tutor_events", schema=SCHEMA)
    op.drop_table("student_feedback", schema=SCHEMA)
    op.drop_table("sessions", schema=SCHEMA)
    op.drop_table("students", schema=SCHEMA)
    op.drop_table("tutors", schema=SCHEMA)
