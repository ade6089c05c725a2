"""The tables that the benchmark prints."""

from __future__ import annotations

from cases import STEPS, Measured
from loading import Load
from rich.table import Table

NAMES = {"duckdb": "DuckDB", "postgres": "PostgreSQL"}


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column in ("engine", "build") else "right")
    return table


def _case(measured: Measured) -> list[str]:
    case = measured.case
    return [NAMES[case.engine], str(case.days), f"{case.volume}x"]


def builds_table(every: list[Measured]) -> Table:
    """Every build: what its models' statements took, what dbt took for them, everything."""
    table = _table(
        "Builds; seconds",
        *("engine", "days", "volume", "build", "model SQL", "models", "everything"),
        *("processor", "peak MiB"),
    )
    for measured in every:
        for step in STEPS:
            build = measured.builds[step]
            table.add_row(
                *_case(measured),
                step,
                f"{build.sql:.1f}",
                f"{build.models:.1f}",
                f"{build.cost.wall:.1f}",
                f"{build.cost.processor:.1f}",
                f"{build.cost.peak:,.0f}",
                end_section=step == STEPS[-1],
            )
    return table


def ratios_table(every: list[Measured]) -> Table:
    """What an increment costs beside a full build, and beside the same with 90 days of history."""
    table = _table(
        "Ratios",
        *("engine", "days", "volume", "hour / full, SQL", "hour / full, everything"),
        *("day / full, SQL", "day / full, everything", "day / day of 90, SQL"),
    )
    for measured in every:
        full, hour, day = (measured.builds[step] for step in ("full", "hour", "day"))
        short = next(
            (
                other.builds["day"]
                for other in every
                if (other.case.engine, other.case.volume, other.case.days)
                == (measured.case.engine, measured.case.volume, 90)
            ),
            None,
        )
        table.add_row(
            *_case(measured),
            f"{hour.sql / full.sql:.3f}",
            f"{hour.cost.wall / full.cost.wall:.2f}",
            f"{day.sql / full.sql:.3f}",
            f"{day.cost.wall / full.cost.wall:.2f}",
            f"{day.sql / short.sql:.2f}" if short else "",
        )
    return table


def nothing_table(every: list[Measured]) -> Table:
    """Where the time of a build with nothing new goes."""
    table = _table(
        "A build with nothing new; seconds",
        *("engine", "days", "volume", "everything", "before and after nodes", "model SQL"),
        *("dbt around model SQL", "data tests"),
    )
    for measured in every:
        build = measured.builds["nothing"]
        table.add_row(
            *_case(measured),
            f"{build.cost.wall:.1f}",
            f"{build.around:.1f}",
            f"{build.sql:.1f}",
            f"{build.models - build.sql:.1f}",
            f"{build.tests:.1f}",
        )
    return table


def twin_table(every: list[Measured]) -> Table:
    """A build with nothing new, and one of a project as large whose nodes are `select 1`."""
    table = _table(
        "A build with nothing new and the empty twin; seconds of processor",
        *("engine", "days", "volume", "data tests", "statements", "build", "twin", "build / twin"),
    )
    for measured in every:
        for tests, (statements, build, twin) in zip(("no", "yes"), measured.beside, strict=False):
            table.add_row(
                *(*_case(measured), tests, str(statements)),
                *(f"{build:.1f}", f"{twin:.1f}", f"{build / twin:.2f}"),
            )
    return table


def full_table(every: list[Measured]) -> Table:
    """The first build: throughput, the replay on one connection, the metrics."""
    table = _table(
        "Full builds",
        *("engine", "days", "volume", "raw rows", "published rows", "rows/s of everything"),
        *("rows/s of models", "models' wall / replay", "metric rows", "metric SQL s"),
        *("us a metric row", "scoring / metrics"),
    )
    for measured in every:
        full = measured.builds["full"]
        table.add_row(
            *_case(measured),
            f"{measured.raw_rows:,}",
            f"{measured.published_rows:,}",
            f"{measured.published_rows / full.cost.wall:,.0f}",
            f"{measured.published_rows / full.models:,.0f}",
            f"{full.busy / measured.replayed:.2f}" if measured.replayed else "",
            f"{measured.metric_rows:,}",
            f"{full.metrics:.1f}",
            f"{1e6 * full.metrics / measured.metric_rows:.1f}",
            f"{full.scoring / full.metrics:.2f}",
        )
    return table


def loads_table(loads: list[Load], every: list[Measured]) -> Table:
    """Rows a second of `tutormax load`, its start included."""
    table = _table("tutormax load", "engine", "format", "rows", "seconds", "rows/s", "peak MiB")
    for load in loads:
        _add_load(table, load)
    for measured in every:
        if measured.case.days != 90 or measured.case.volume != 1:
            _add_load(
                table, Load(measured.case.engine, "parquet", measured.raw_rows, measured.loaded)
            )
    return table


def _add_load(table: Table, load: Load) -> None:
    table.add_row(
        NAMES[load.engine],
        load.format,
        f"{load.rows:,}",
        f"{load.cost.wall:.1f}",
        f"{load.rows / load.cost.wall:,.0f}",
        f"{load.cost.peak:,.0f}",
    )
