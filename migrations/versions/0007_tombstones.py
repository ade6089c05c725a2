"""Keyed hashes of erased people, so that their rows are not accepted when they arrive again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A build that came first has made it already.
    op.create_table(
        "tombstones",
        sa.Column("secret", sa.String()),
        sa.Column("person", sa.String()),
        sa.Column("hash", sa.String()),
        sa.Column("erased_at", sa.DateTime(timezone=True)),
        schema="archive",
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("tombstones", schema="archive")
