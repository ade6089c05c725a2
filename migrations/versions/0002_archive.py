"""The archive: the six source tables once more, for rows that have left raw."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tutormax.postgres.migrate import drop_schema, make_schema

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SCHEMA = "archive"
TABLES = ("tutors", "students", "sessions", "student_feedback", "tutor_events", "interventions")


def upgrade() -> None:
    op.execute(make_schema(SCHEMA))
    for table in TABLES:
        op.execute(f"create table {SCHEMA}.{table} (like raw.{table})")
        op.add_column(
            table,
            sa.Column("_archived_at", sa.DateTime(timezone=True), nullable=False),
            schema=SCHEMA,
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table, schema=SCHEMA)
    op.execute(drop_schema(SCHEMA))
