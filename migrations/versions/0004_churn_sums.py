"""What churn features need of retained days: lateness, and events by what they say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SCHEMA = "archive"
TABLE = "retained_tutor_days"
NEW = {
    "late_minutes": sa.BigInteger(),
    "reschedule_requests": sa.Integer(),
    "availability_changes": sa.Integer(),
    "availability_hours": sa.BigInteger(),
    "trainings": sa.Integer(),
}


def upgrade() -> None:
    # A build of this version that came first has made the table with them.
    for name, kind in NEW.items():
        op.add_column(TABLE, sa.Column(name, kind), schema=SCHEMA, if_not_exists=True)


def downgrade() -> None:
    for name in NEW:
        op.drop_column(TABLE, name, schema=SCHEMA)
