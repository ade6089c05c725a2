"""Rows that leave for good or for the archive, with everything that depends on them.

Raw, staging and published tables lose them together, and the build log is adjusted, so that the
next build finds nothing missing and nothing to do. What the rows contributed to metrics stays as
totals in the tables `archive.retained_…`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Date, String

from tutormax.operations.project import render
from tutormax.operations.transaction import (
    ARCHIVE,
    PUBLISHED,
    RAW,
    STAGING,
    Relation,
    Transaction,
    literal,
)
from tutormax.schema import KEYS, RETAINED_TABLES, SOURCE_TABLES
from tutormax.warehouse import Target

Column = Callable[[str], str]
"""Gives the SQL of a source's column, which may be a column or a member of a JSON record."""

Condition = Callable[[Column], str]
"""Gives the SQL that is true for the rows of a source that leave."""

_MARK = "/* next */"
_TEMPLATES = (
    "{{ var('loaded_at_column') }}",
    "{{ build_lock() }}{{ replica_identities() }}",
    "{{ retain_clock() }}",
    "{{ retain_tutor_days() }}",
    "{{ retain_pending_ratings() }}",
)


@dataclass(frozen=True)
class ProjectSql:
    """SQL of the dbt project: the arrival column of raw, and what its macros return."""

    loaded_at: str
    lock: str
    retain_clock: str
    retain_tutor_days: str
    retain_pending_ratings: str


@dataclass
class Counts:
    """Rows that left by table, in that order."""

    rows: dict[str, int] = field(default_factory=dict)

    def add(self, relation: Relation, count: int) -> None:
        """Count rows of a table."""
        name = f"{relation.schema}.{relation.name}"
        self.rows[name] = self.rows.get(name, 0) + count

    def total(self) -> int:
        """All rows together."""
        return sum(self.rows.values())


def project_sql(target: Target) -> ProjectSql:
    """Render the SQL of the dbt project, before the warehouse is opened."""
    rendered = render(target, f"\n{_MARK}\n".join(_TEMPLATES))
    return ProjectSql(*(part.strip() for part in rendered.split(_MARK)))


def prepare(tx: Transaction, sql: ProjectSql) -> None:
    """Lock out builds and loads until the transaction ends, and create the tables of leaving keys.

    Logs a build, so that a running build, which has read rows that now leave, stops.
    """
    if tx.target is Target.POSTGRES:
        tx.change(sql.lock)
        # First the table that a load holds from its beginning.
        for source in ("unreadable_rows", *(table.name for table in SOURCE_TABLES)):
            tx.change(f"lock table {Relation(RAW, source)} in share row exclusive mode")
    if tx.has(STAGING, "build_log"):
        log = Relation(STAGING, "build_log")
        tx.change(
            f"insert into {log} (build_number, run_id, source_table, fingerprint, is_full, "
            "since_build, loaded_through, raw_rows) "
            "select build_number + 1, 'rows left', source_table, fingerprint, false, "
            f"since_build, loaded_through, raw_rows from {log} "
            f"where build_number = (select max(build_number) from {log})"
        )
    tx.change("create temporary table leaving_keys (source_table varchar, record_key varchar)")
    tx.change("create temporary table leaving_sessions (session_id varchar)")
    tx.change("create temporary table leaving_events (event_id varchar)")


def has_key(source: str) -> Condition:
    """The condition that the key leaves."""
    keys = f"(select record_key from leaving_keys where source_table = '{source}')"
    return lambda column: f"{column(KEYS[source])} in {keys}"


def is_on_leaving_session(column: Column) -> str:
    """The condition that a feedback is on a session that leaves."""
    return has_key("sessions")(lambda _: column("session_id"))


def plain(name: str) -> str:
    """Return the column itself."""
    return name


def retain(tx: Transaction, sql: ProjectSql, *, sums: bool) -> None:
    """Retain what leaving published rows contributed; nothing without a build.

    Args:
        sums: also the daily totals of tutors, not only the bounds of the clock.
    """
    needed = ("sessions", "student_feedback", "tutor_events")
    if not tx.has(STAGING, "change_log") or not all(
        tx.published(name) in tx.columns for name in needed
    ):
        return
    for table, key, source in (
        ("leaving_sessions", "session_id", "sessions"),
        ("leaving_events", "event_id", "tutor_events"),
    ):
        tx.change(
            f"insert into {table} select {key} from {tx.published(source)} "
            f"where {has_key(source)(plain)}"
        )
    _add_up(tx, "retained_clock", sql.retain_clock)
    if sums:
        _add_up(tx, "retained_tutor_days", sql.retain_tutor_days)
        _add_up(tx, "retained_pending_ratings", sql.retain_pending_ratings)


def _add_up(tx: Transaction, name: str, leaving: str) -> None:
    """Add what leaves to the row of its key: a row of its own would be one person's."""
    (table,) = (table for table in RETAINED_TABLES if table.name == name)
    keys, values = [], []
    for column in table.columns:
        if name == "retained_clock":
            values.append(f"{'min' if column.name.startswith('first') else 'max'}({column.name})")
        elif isinstance(column.type, (String, Date)):
            keys.append(column.name)
        else:
            values.append(f"sum({column.name})")
    standing, added = Relation(ARCHIVE, name), f"added_{name}"
    listed = ", ".join(table.columns.keys())
    key = ", ".join(keys)
    is_added = f"({key}) in (select {key} from {added})" if keys else "true"
    tx.change(f"create temporary table {added} as {leaving}")
    tx.change(f"insert into {added} ({listed}) select {listed} from {standing} where {is_added}")
    tx.change(f"delete from {standing} where {is_added}")
    tx.change(
        f"insert into {standing} ({listed}) select {', '.join([*keys, *values])} from {added} "
        + (f"group by {key}" if keys else "having count(*) > 0")
    )


def tell_log(tx: Transaction, conditions: Mapping[str, Condition]) -> None:
    """Subtract the leaving rows from the row counts of raw in the build log.

    Only rows that builds have counted, not those that arrived since.
    """
    if not tx.has(STAGING, "build_log"):
        return
    for source, condition in conditions.items():
        staged = Relation(STAGING, f"stg_tutormax__{source}")
        if staged in tx.columns:
            tx.change(
                f"update {Relation(STAGING, 'build_log')} as logged set raw_rows = raw_rows - ("
                f"select count(*) from {staged} as leaving "
                f"where ({condition(plain)}) and leaving.loaded_at <= logged.loaded_through) "
                f"where source_table = '{source}'"
            )


def delete(tx: Transaction, relation: Relation, condition: str, counts: Counts) -> None:
    """Delete rows of a table, if it exists, and of its other versions, and count them."""
    for one in tx.versions(relation):
        absent = tx.columns.get(Relation(RAW, relation.name), {}).keys() - tx.columns[one].keys()
        nulls = ", ".join(f"cast(null as varchar) as {name}" for name in sorted(absent))
        # What a version does not have is null in the condition.
        said = f"exists (select 1 from (select {nulls}) as absent where {condition})"
        is_whole = relation == one or not absent
        counts.add(one, tx.change(f"delete from {one} where {condition if is_whole else said}"))


def delete_sources(
    tx: Transaction, conditions: Mapping[str, Condition], counts: Counts, schemas: tuple[str, ...]
) -> None:
    """Delete the rows of the sources, children first, so that cascades are counted.

    Args:
        schemas: any of raw, staging, tutormax and archive.
    """
    for source in reversed(list(conditions)):
        for schema in schemas:
            name = f"stg_tutormax__{source}" if schema == STAGING else source
            delete(tx, Relation(schema, name), conditions[source](plain), counts)


def in_records(conditions: Mapping[str, Condition], record: str) -> str:
    """The conditions for a table with rows of all sources as JSON."""

    def of(source: str, condition: Condition) -> str:
        said = condition(lambda name: f"({record} ->> {literal(name)})")
        return f"(source_table = '{source}' and ({said}))"

    return " or ".join(of(source, condition) for source, condition in conditions.items())


ALL_SCHEMAS = (PUBLISHED, STAGING, RAW, ARCHIVE)
