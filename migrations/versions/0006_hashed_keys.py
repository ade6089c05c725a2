"""Keys of any length: a hash index takes what is too long for a B-tree, which refused the row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEYS = {
    "sessions": ["session_id"],
    "student_feedback": ["feedback_id", "session_id"],
    "tutor_events": ["event_id"],
    "interventions": ["intervention_id"],
}
# Of staging, whose new ones the next build makes; in the schemas of developers too.
STAGED = (
    "sessions_record_key",
    "sessions_tutor_id",
    "sessions_student_id",
    "sessions_rejected",
    "student_feedback_record_key",
    "student_feedback_session_id",
    "student_feedback_rejected",
    "tutor_events_record_key",
    "tutor_events_tutor_id",
    "tutor_events_rejected",
)


def upgrade() -> None:
    for name, table, expression in _indexes():
        op.drop_index(name, table, schema="raw")
        op.create_index(name, table, [expression], schema="raw", postgresql_using="hash")
    names = ", ".join(f"'ix_{name}'" for name in STAGED)
    op.execute(
        f"""
        do $$
        declare
            found record;
        begin
            for found in
                select schemaname, indexname from pg_indexes
                where schemaname like '%staging' and indexname in ({names})
            loop
                execute format('drop index %I.%I', found.schemaname, found.indexname);
            end loop;
        end
        $$
        """
    )


def downgrade() -> None:
    for name, table, expression in _indexes():
        op.drop_index(name, table, schema="raw")
        op.create_index(name, table, [expression], schema="raw")


def _indexes() -> list[tuple[str, str, sa.TextClause]]:
    found = []
    for table, (key, *others) in KEYS.items():
        found.append((f"ix_raw_{table}_record_key", table, sa.text(f"coalesce({key}, '')")))
        found += [(f"ix_raw_{table}_{other}", table, sa.text(other)) for other in others]
    return found
