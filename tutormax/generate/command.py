"""The command `tutormax generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tutormax.generate.settings import Market, Settings, check_dirt, parse_end_date


def generate(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the files; made if missing.")],
    days: Annotated[int, typer.Option(help="UTC days of data before the end date.")] = 90,
    tutors: Annotated[int, typer.Option(help="Tutors in the file; ten students for each.")] = 450,
    sessions_per_day: Annotated[int, typer.Option(help="Mean number of sessions a day.")] = 3000,
    end_date: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help="First date no longer covered; the current UTC date if not given.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed and end date, same files.")] = 0,
    market: Annotated[
        Market,
        typer.Option(
            help="open: sessions by demand; school: weekly slots in school terms, with weekend and "
            "exam tutors; weekday-school: without those."
        ),
    ] = Market.OPEN,
    dirt: Annotated[
        float,
        typer.Option(help="Share of rows (0-1) that break a rule, to see them refused."),
    ] = 0.0,
) -> None:
    """Write synthetic sample data: one Parquet file for each raw table. No real person is in it."""
    from tutormax.generate.writing import write_files  # noqa: PLC0415 - numpy takes a while

    settings = Settings(
        end_date=parse_end_date(end_date),
        days=days,
        tutors=tutors,
        sessions_per_day=sessions_per_day,
        seed=seed,
        market=market,
    )
    share = check_dirt(dirt)
    bar = Progress(
        TextColumn("Simulating"),
        BarColumn(),
        TextColumn("day {task.completed} of {task.total}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("days", total=days)
        rows, _ = write_files(settings, out, share, lambda done: bar.update(task, completed=done))
    table = Table("file", "rows")
    table.columns[1].justify = "right"
    for name, count in rows.items():
        table.add_row(f"{name}.parquet", f"{count:,}")
    Console().print(table)
