"""`tutormax summary`: the results of the last build in a few lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import duckdb
import psycopg2
import typer

from tutormax.closed_periods import DECLARED
from tutormax.errors import UserError
from tutormax.operations.project import PUBLISHED, project_folder, project_vars, schema_prefix
from tutormax.options import RawTargetOption
from tutormax.schema import KEYS
from tutormax.spark.reading import connect_spark
from tutormax.warehouse import (
    RawTarget,
    connect_duckdb,
    connect_postgres,
    first_line,
    place_of,
)

Query = Callable[[str], Sequence[Sequence[Any]]]
"""Runs SQL and gives all rows."""

LOOK = (
    r'--inline "select tutor_id, \"window\", cast(calculation_date as date) as day, '
    r"performance_tier from {{ ref('tutor_performance_metrics') }} "
    r'order by calculation_date desc, tutor_id, \"window\""'
)

METRICS = "tutor_performance_metrics"
MOST_REASONS = 8

MISSING = (duckdb.CatalogException, psycopg2.errors.UndefinedTable)
UNREADABLE = (*MISSING, duckdb.BinderException, psycopg2.errors.UndefinedColumn)


def summary(
    target: RawTargetOption = RawTarget.DUCKDB,
) -> None:
    """Say what the last build made: rows accepted and rejected, tiers, changes, and where it is."""
    print_summary(target)


def print_summary(target: RawTarget) -> bool:
    """Print the summary; returns whether it warns.

    Raises:
        UserError: nothing is built, or it cannot be read.
    """
    published = schema_prefix(target) + PUBLISHED
    try:
        if target is RawTarget.DUCKDB:
            with connect_duckdb(read_only=True) as duck:
                lines = describe(lambda sql: duck.execute(sql).fetchall(), published)
        elif target is RawTarget.SPARK:
            with connect_spark() as files:
                lines = describe(lambda sql: files.execute(sql).fetchall(), published)
        else:
            with closing(connect_postgres(reads=True)) as pg:

                def run(sql: str) -> Sequence[Sequence[Any]]:
                    with pg, pg.cursor() as cursor:
                        cursor.execute(sql)
                        return cursor.fetchall()

                lines = describe(run, published)
    except UNREADABLE as error:
        notes = getattr(error, "__notes__", [])
        if notes:
            raise UserError(
                f"{notes[0]}There are no published tables on {target.value} yet: "
                f"run `dbt build --target {target.value}`."
            ) from error
        raise UserError(
            f"The tables on {target.value} are of another version of this project: "
            f"run `dbt build --target {target.value}`."
        ) from error
    except psycopg2.errors.InsufficientPrivilege as error:
        raise UserError(
            "This account may not read every published table "
            f"({first_line(error)}); tutormax_analyst and tutormax_ops may."
        ) from error
    except psycopg2.Error as error:
        raise UserError(f"PostgreSQL does not answer: {first_line(error)}") from error
    for line in lines:
        typer.echo(line)
    typer.echo(f"Database: {place_of(target)}")
    typer.echo("Next:     `make docs` says what every column means; to look at a table:")
    typer.echo(f"          dbt show --target {target.value} {LOOK}")
    return any(line.startswith("Warning:") for line in lines)


def describe(query: Query, published: str) -> list[str]:
    """Lines about rows, reasons, tiers, risks and changes; `query` runs SQL on the warehouse.

    Raises an error with a note if nothing is built.
    """
    sources = list(KEYS)
    raw = 0
    try:
        raw = _raw_rows(query)
        accepted = _count(query, [f"{published}.{table}" for table in sources])
    except MISSING as error:
        error.add_note(f"{raw:,} rows loaded, not built yet. " if raw else "")
        raise
    reasons = query(
        f"select reason, count(*) from {published}.rejected_records as records "
        "cross join unnest(records.reasons) as reasons(reason) group by reason "
        "order by count(*) desc, reason"
    )
    rejected = _count(query, [f"{published}.rejected_records"])
    lines = [
        f"Raw rows: {_raw_sum(raw, accepted, rejected)}",
        *_wrapped("Rejected: ", _counted(reasons)),
    ]
    lines += arrival_warnings(query, published)
    tiers = query(
        f"""select performance_tier, count(*), cast(max(calculation_date) as date)
        from {published}.tutor_performance_metrics
        where "window" = '30day' and performance_tier is not null and calculation_date = (
            select max(calculation_date) from {published}.tutor_performance_metrics
        )
        group by performance_tier order by count(*) desc, performance_tier"""
    )
    if tiers:
        counted = ", ".join(f"{tier} {count:,}" for tier, count, _ in tiers)
        lines.append(f"Tiers:    {counted} (30 days to {tiers[0][2]})")
    risks = query(
        f"""select risk_level, count(*), cast(max(prediction_date) as date)
        from {published}.churn_predictions
        where prediction_date = (select max(prediction_date) from {published}.churn_predictions)
        group by risk_level order by max(churn_score) desc"""
    )
    if risks:
        counted = ", ".join(f"{level} {count:,}" for level, count, _ in risks)
        lines.append(f"Churn:    {counted} (risk from {risks[0][2]} on)")
    held_back = query(f"select reason from {published}.churn_model_status where is_held_back")
    lines += [f"          {reason}" for (reason,) in held_back]
    lines += silence_warnings(query, published)
    lines.append(f"Changes:  {_changes(query, published)}")
    return lines


def _raw_rows(query: Query) -> int:
    """How many rows raw has; 0 if this account may not see that, or a file is not attached here."""
    held = project_vars()
    if held["raw_database"]:
        return 0
    tables = [f"{held['raw_schema']}.{table}" for table in KEYS] + ["raw.unreadable_rows"]
    try:
        return _count(query, tables)
    except psycopg2.errors.InsufficientPrivilege:
        return 0


def silence_warnings(query: Query, published: str) -> list[str]:
    """A warning if predictions have stopped, because no session arrives."""
    last_date = f"(select cast(max(calculation_date) as date) from {published}.{METRICS})"
    lines = []
    for predicted, completed in query(_page_query("silence", published, as_of=last_date)):
        since = f"after {predicted}" if predicted else "yet"
        seen = (
            f"has completed a session since {completed}" if completed else "has completed a session"
        )
        lines.append(
            f"Warning:  no churn predictions {since}, as no tutor {seen}: load the sessions that "
            f"are missing, or declare the days in {DECLARED.as_posix()}"
        )
    return lines


def _page_query(name: str, published: str, **values: str) -> str:
    """A query of the pages."""
    sql = (project_folder() / "reports" / "queries" / f"{name}.sql").read_text(encoding="utf-8")
    for key, value in {"published": published, **values}.items():
        sql = sql.replace(f"{{{{ {key} }}}}", value)
    return sql


def arrival_warnings(query: Query, published: str) -> list[str]:
    """Warnings about the rows of each source that arrived last."""
    rows = query(_page_query("arrivals", published))
    lines = []
    for source, arrived, rejected, reasons, is_over_limit, ahead in rows:
        if is_over_limit:
            lines.append(
                f"Warning:  {rejected:,} of the {arrived:,} rows of {source} that arrived last are "
                f"rejected: {reasons}"
            )
        if ahead:
            lines.append(
                f"Warning:  {ahead:,} {'row' if ahead == 1 else 'rows'} of {source} dated more "
                "than a day after arrival; they do not move the calculation dates"
            )
    return lines


def _counted(reasons: Sequence[Sequence[Any]]) -> list[str]:
    """The most frequent reasons with their counts; a row may have several."""
    parts = [f"{reason} {count:,}" for reason, count in reasons[:MOST_REASONS]]
    if len(reasons) > MOST_REASONS:
        parts.append(f"{len(reasons) - MOST_REASONS} more reasons")
    return parts or ["none"]


def _count(query: Query, tables: Sequence[str]) -> int:
    counts = query(" union all ".join(f"select count(*) from {table}" for table in tables))
    return sum(int(row[0]) for row in counts)


def _raw_sum(raw: int, accepted: int, rejected: int) -> str:
    """Where the rows of raw are; those that came or went since the last build are nowhere yet."""
    parts = f"{accepted:,} accepted + {rejected:,} rejected"
    since = raw - accepted - rejected
    if not raw:
        return f"{accepted + rejected:,} = {parts}"
    if since < 0:
        return f"{raw:,}; the last build read {-since:,} more: {parts}"
    return f"{raw:,} = {parts}" + (f" + {since:,} loaded, not built yet" if since else "")


def _changes(query: Query, published: str) -> str:
    """What the last run changed; if it did not succeed, its own sentence, which says why."""
    rows = query(
        f"""with last_run as (
            select *, row_number() over (partition by model order by started_at desc) as attempt
            from {published}.tutormax_runs
            where run_id = (
                select run_id from {published}.tutormax_runs
                order by started_at desc, run_id limit 1
            )
        )
        select model, status, summary, rows_inserted, rows_updated, rows_deleted
        from last_run
        where (attempt = 1 and status <> 'success') or (
            rows_inserted + rows_updated + rows_deleted > 0
            and model in (
                select table_name from information_schema.tables
                where table_schema = '{published}'
            )
        )
        order by started_at desc, model"""
    )
    failed = [told for _, status, told, *_ in rows if status != "success" and told]
    if failed:
        return str(failed[0])
    changed = [(model, *counts) for model, _, _, *counts in rows if None not in counts]
    if not changed:
        return "nothing changed in the published tables by the last build"
    inserted, updated, deleted = (sum(int(row[i]) for row in changed) for i in (1, 2, 3))
    tables = len({row[0] for row in changed})
    return (
        f"{inserted:,} {'row' if inserted == 1 else 'rows'} inserted, {updated:,} updated, "
        f"{deleted:,} deleted in {tables} published {'table' if tables == 1 else 'tables'} "
        "by the last build"
    )


def _wrapped(title: str, parts: Sequence[str], width: int = 100) -> list[str]:
    """`parts` joined by commas, wrapped at `width` characters and indented below `title`."""
    lines = [title]
    for index, part in enumerate(parts):
        piece = part + (", " if index + 1 < len(parts) else "")
        if len(lines[-1]) + len(piece) > width and lines[-1].strip() != title.strip():
            lines.append(" " * len(title))
        lines[-1] += piece
    return [line.rstrip() for line in lines]
