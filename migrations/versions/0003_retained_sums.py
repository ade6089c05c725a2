"""What is kept of rows that leave raw: sums without ids, and which sessions they are of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SCHEMA = "archive"


def upgrade() -> None:
    # A build that came first has made them already, without the index.
    op.create_table(
        "retained_tutor_days",
        sa.Column("tutor_id", sa.String()),
        sa.Column("activity_day", sa.Date()),
        sa.Column("sessions", sa.Integer()),
        sa.Column("sessions_completed", sa.Integer()),
        sa.Column("no_shows", sa.Integer()),
        sa.Column("reschedules", sa.Integer()),
        sa.Column("on_time_starts", sa.Integer()),
        sa.Column("engagement_scores", sa.Integer()),
        sa.Column("engagement_sum", sa.BigInteger()),
        sa.Column("objectives_known", sa.Integer()),
        sa.Column("objectives_met", sa.Integer()),
        sa.Column("ratings", sa.Integer()),
        sa.Column("rating_sum", sa.Integer()),
        sa.Column("first_ratings", sa.Integer()),
        sa.Column("first_successes", sa.Integer()),
        sa.Column("logins", sa.Integer()),
        sa.Column("responses", sa.Integer()),
        sa.Column("response_sum", sa.Numeric(38, 0)),
        schema=SCHEMA,
        if_not_exists=True,
    )
    op.create_table(
        "retained_pending_feedback",
        sa.Column("tutor_id", sa.String()),
        sa.Column("session_day", sa.Date()),
        sa.Column("submitted_day", sa.Date()),
        sa.Column("overall_rating", sa.Integer()),
        sa.Column("first_session_rating", sa.Integer()),
        schema=SCHEMA,
        if_not_exists=True,
    )
    op.create_table(
        "retained_clock",
        sa.Column("first_activity_day", sa.Date()),
        sa.Column("last_activity_day", sa.Date()),
        schema=SCHEMA,
        if_not_exists=True,
    )
    op.create_table(
        "retained_sessions",
        sa.Column("session_id", sa.String()),
        schema=SCHEMA,
        if_not_exists=True,
    )
    op.create_index(
        "ix_archive_retained_sessions_session_id",
        "retained_sessions",
        ["session_id"],
        schema=SCHEMA,
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("retained_sessions", schema=SCHEMA)
    op.drop_table("retained_clock", schema=SCHEMA)
    op.drop_table("retained_pending_feedback", schema=SCHEMA)
    op.drop_table("retained_tutor_days", schema=SCHEMA)
