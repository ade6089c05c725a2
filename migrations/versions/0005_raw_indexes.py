"""Indexes on raw for increments: what arrived since, and the rows of a key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SCHEMA = "raw"
KEYS = {
    "sessions": "session_id",
    "student_feedback": "feedback_id",
    "tutor_events": "event_id",
    "interventions": "intervention_id",
}


def upgrade() -> None:
    for table, key in KEYS.items():
        op.create_index(f"ix_raw_{table}_loaded_at", table, ["_loaded_at"], schema=SCHEMA)
        op.create_index(
            f"ix_raw_{table}_record_key", table, [sa.text(f"coalesce({key}, '')")], schema=SCHEMA
        )
    op.create_index(
        "ix_raw_student_feedback_session_id", "student_feedback", ["session_id"], schema=SCHEMA
    )


def downgrade() -> None:
    op.drop_index("ix_raw_student_feedback_session_id", "student_feedback", schema=SCHEMA)
    for table in reversed(KEYS):
        op.drop_index(f"ix_raw_{table}_record_key", table, schema=SCHEMA)
        op.drop_index(f"ix_raw_{table}_loaded_at", table, schema=SCHEMA)
