"""`tutormax archive`: moves old rows out of raw; their metrics stay."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tutormax.errors import UserError
from tutormax.operations.leaving import (
    Column,
    Condition,
    Counts,
    ProjectSql,
    delete,
    delete_sources,
    has_key,
    in_records,
    is_on_leaving_session,
    plain,
    prepare,
    project_sql,
    retain,
    tell_log,
)
from tutormax.operations.project import refuse_other_raw, refuse_prefix
from tutormax.operations.transaction import (
    ARCHIVE,
    PUBLISHED,
    RAW,
    STAGING,
    Relation,
    Transaction,
    transaction,
)
from tutormax.options import TargetOption
from tutormax.schema import ARCHIVED_AT, KEYS, LOADED_AT, SOURCE_TABLES
from tutormax.warehouse import Target, place_of

SESSION_YEARS = 2
INTERVENTION_YEARS = 1
PREDICTION_YEARS = 1

ARCHIVED = ("sessions", "student_feedback", "interventions")
"""The sources that are archived, parents first."""


@dataclass
class Report:
    """What moved or would move, and what is too old on the last calculation date."""

    as_of: date
    moved: dict[str, int] = field(default_factory=dict)
    predictions: int = 0


def archive(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would move, and change nothing.")
    ] = False,
    target: TargetOption = Target.DUCKDB,
) -> None:
    """Move old facts from raw to the archive: sessions with their feedback, interventions.

    Sessions go two years after they were scheduled, completed interventions after one, by the clock
    of the last build; churn predictions older than one year are deleted. Metrics stay.
    """
    report = archive_old_rows(target, dry_run=dry_run)
    table = Table(box=SIMPLE_HEAD)
    table.add_column("table")
    table.add_column("would move" if dry_run else "moved", justify="right")
    for source, count in report.moved.items():
        table.add_row(f"raw.{source}", str(count))
    output = Console(soft_wrap=True, highlight=False)
    output.print(table)
    if report.predictions:
        verb = "would be deleted" if dry_run else "deleted"
        output.print(f"Churn predictions {verb}: {report.predictions}.")
    ending = "nothing was changed" if dry_run else f"archived in {place_of(target)}"
    output.print(
        f"Sessions before {years_before(report.as_of, SESSION_YEARS)} and interventions completed "
        f"before {years_before(report.as_of, INTERVENTION_YEARS)}: {ending}.",
        markup=False,
    )


def archive_old_rows(target: Target, *, dry_run: bool = False) -> Report:
    """Move old rows in one transaction, counted before anything is deleted.

    Raises:
        UserError: there was no build, raw has rows that no build has validated, or the warehouse
            fails.
    """
    refuse_prefix(target)
    refuse_other_raw()
    sql = project_sql(target)
    with transaction(target) as tx:
        tx.keep = not dry_run
        as_of = _last_calculation_date(tx)
        prepare(tx, sql)
        _demand_that_all_is_judged(tx)
        report = Report(as_of)
        _find_keys(tx, as_of)
        conditions = _conditions()
        retain(tx, sql, sums=True)
        tell_log(tx, conditions)
        for source in reversed(ARCHIVED):
            report.moved[source] = _copy(tx, sql, source, conditions[source])
        tx.change(
            f"insert into {Relation(ARCHIVE, 'retained_sessions')} select session_id "
            "from leaving_sessions where session_id not in ("
            f"select session_id from {Relation(ARCHIVE, 'retained_sessions')})"
        )
        _delete(tx, conditions, report.moved)
        report.predictions = _delete_predictions(tx, as_of)
    return report


def years_before(day: date, years: int) -> date:
    """The same day some years before; of 29 February, the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def _last_calculation_date(tx: Transaction) -> date:
    log = Relation(STAGING, "change_log")
    found = (
        tx.rows(
            f"select as_of_date from {log} where as_of_date is not null "
            "order by build_number desc limit 1"
        )
        if log in tx.columns and tx.published("sessions") in tx.columns
        else []
    )
    if not found:
        raise UserError(
            f"No build has set the clock in {place_of(tx.target)}: "
            f"run `dbt build --target {tx.target.value}` first."
        )
    (as_of,) = found[0]
    assert isinstance(as_of, date)
    return as_of


def _demand_that_all_is_judged(tx: Transaction) -> None:
    """Fail unless the last build read all of raw, because accepted versions decide what moves."""
    for table in SOURCE_TABLES:
        source = table.name
        raw = tx.value(f"select count(*) from {Relation(RAW, source)}")
        judged, accepted = tx.rows(
            "select count(*), count(*) filter (where is_accepted) "
            f"from {Relation(STAGING, 'stg_tutormax__' + source)}"
        )[0]
        published = tx.value(f"select count(*) from {tx.published(source)}")
        if (raw, accepted) != (judged, published):
            raise UserError(
                f"raw.{source} has changed since the last build: "
                f"run `dbt build --target {tx.target.value}` first."
            )


def _before(day: date) -> str:
    return f"cast('{day} 00:00:00+00' as timestamp with time zone)"


def _find_keys(tx: Transaction, as_of: date) -> None:
    """Store the keys that move, with all versions of each.

    These are published keys that are old, and keys without an accepted version if all are old.
    """
    old = _before(years_before(as_of, SESSION_YEARS))
    completed = _before(years_before(as_of, INTERVENTION_YEARS))
    for source, instant, is_old in (
        ("sessions", "scheduled_start", f"scheduled_start < {old}"),
        ("student_feedback", "submitted_at", is_on_leaving_session(plain)),
        (
            "interventions",
            "completed_date",
            f"status = 'completed' and completed_date < {completed}",
        ),
    ):
        bound = completed if source == "interventions" else old
        tx.change(
            f"insert into leaving_keys select '{source}', {KEYS[source]} "
            f"from {tx.published(source)} where {is_old}"
        )
        tx.change(
            f"insert into leaving_keys select '{source}', record_key "
            f"from {Relation(STAGING, 'stg_tutormax__' + source)} where record_key <> '' "
            "group by record_key having not bool_or(is_accepted) "
            f"and count(*) = count({instant}) and max({instant}) < {bound}"
        )


def _conditions() -> dict[str, Condition]:
    def is_feedback(column: Column) -> str:
        # All of it: without its session its verdict would change.
        return f"{has_key('student_feedback')(column)} or {is_on_leaving_session(column)}"

    return {
        "sessions": has_key("sessions"),
        "student_feedback": is_feedback,
        "interventions": has_key("interventions"),
    }


def _copy(tx: Transaction, sql: ProjectSql, source: str, condition: Condition) -> int:
    """Copy the rows of a source to the archive and count the copies."""
    raw, archived = Relation(RAW, source), Relation(ARCHIVE, source)
    names = [column for column in tx.columns[archived] if column not in (LOADED_AT, ARCHIVED_AT)]
    listed = ", ".join(f'"{name}"' for name in names)
    originals = int(tx.value(f"select count(*) from {raw} where {condition(plain)}"))
    before = int(tx.value(f"select count(*) from {archived}"))
    tx.change(
        f"insert into {archived} ({listed}, {LOADED_AT}, {ARCHIVED_AT}) "
        f"select {listed}, {sql.loaded_at}, current_timestamp from {raw} "
        f"where {condition(plain)}"
    )
    copies = int(tx.value(f"select count(*) from {archived}")) - before
    if copies != originals:
        raise UserError(
            f"Of {originals} rows of raw.{source} only {copies} arrived in archive.{source}, "
            "so nothing was moved; see what keeps rows out of that table."
        )
    return originals


def _delete(tx: Transaction, conditions: dict[str, Condition], moved: dict[str, int]) -> None:
    counts = Counts()
    # Unreadable rows are kept as text and stay in raw.
    unread = "'unreadable' = any(reasons)"
    delete(
        tx,
        Relation(PUBLISHED, "rejected_records"),
        f"({in_records(conditions, 'record')}) and not {unread}",
        counts,
    )
    delete_sources(tx, conditions, counts, (PUBLISHED, STAGING, RAW))
    for source, count in moved.items():
        deleted = counts.rows[f"{RAW}.{source}"]
        if deleted != count:
            raise UserError(
                f"{deleted} rows of raw.{source} were to go for {count} copies, "
                "so nothing was moved; run the command again."
            )


def _delete_predictions(tx: Transaction, as_of: date) -> int:
    counts = Counts()
    bound = _before(years_before(as_of, PREDICTION_YEARS))
    delete(tx, Relation(PUBLISHED, "churn_predictions"), f"prediction_date < {bound}", counts)
    return counts.total()
