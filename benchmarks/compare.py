"""The metrics of all tutors and dates by this project and by other ways: `make bench-alternatives`.

Synthetic raw rows of 90 days are loaded and built on DuckDB as far as the published source tables.
From those, each way makes tutor_performance_metrics: the models by `dbt run`, the same on SQLMesh
if `--sqlmesh` names a virtual environment that has it, a script of SQL written by hand, and a loop
of queries over tutors and windows, for some dates only, as it is slow. What they give is compared
with what the models give, value by value, to nine digits.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
from alternatives.loop import loop
from alternatives.sqlmesh_way import run_sqlmesh
from arrivals import END
from builds import WITHOUT_TESTS, dbt_build
from commands import BIN, CLI, PROJECT, run
from engines import machine
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent / "alternatives"
MODELS = (
    "int_activity__calculation_dates",
    "int_activity__tutor_daily_totals",
    "int_activity__unsubmitted_feedback",
    "int_activity__tutor_date_spine",
    "int_activity__tutor_rolling_windows",
    "tutor_performance_metrics",
)
MACROS = (
    *("rules/aggregate_tutor_days", "rules/day_measures"),
    *("rules/feedback_after_session_day", "rules/safe_divide"),
)
COMPARED = (
    *("sessions_completed", "avg_rating", "first_session_success_rate", "reschedule_rate"),
    *("no_show_count", "engagement_score", "learning_objectives_met_pct"),
    *("response_time_avg_minutes", "performance_tier"),
)

Rows = dict[tuple[Any, ...], tuple[Any, ...]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dates", type=int, default=1, help="how many dates the loop computes")
    parser.add_argument("--volume", type=int, default=1, help="times the default daily volume")
    parser.add_argument("--sqlmesh", type=Path, help="a virtual environment that has SQLMesh")
    options = parser.parse_args()
    progress = Console(stderr=True, highlight=False)
    table = Table(title="tutor_performance_metrics from the published tables", title_justify="left")
    for column in ("way", "rows", "seconds", "rows/s", "lines", "rows that differ"):
        table.add_column(column, justify="left" if column == "way" else "right")
    with tempfile.TemporaryDirectory(prefix="tutormax-compare-") as name:
        folder = Path(name)
        file = folder / "warehouse.duckdb"
        env = {
            "TUTORMAX_TARGET": "duckdb",
            "TUTORMAX_DUCKDB_PATH": str(file),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        progress.print("generating, loading, building the published tables", style="dim")
        prepare(folder, options.volume, env)
        progress.print("dbt", style="dim")
        build = dbt_build(folder, env, ("run", "--select", *MODELS))
        with duckdb.connect(str(file)) as con:
            con.execute("set timezone = 'UTC'; set enable_progress_bar = false")
            ours = rows_of(con, "tutormax.tutor_performance_metrics")
            lines = sum(count(PROJECT / path) for path in files())
            add(table, "these models, all of dbt included", len(ours), build.cost.wall, (lines, 0))
            add(table, "these models, their SQL alone", len(ours), build.sql, (lines, 0))

            if options.sqlmesh:
                progress.print("SQLMesh", style="dim")
                seconds, file = run_sqlmesh(
                    options.sqlmesh.absolute(), con, compiled(folder / "target"), folder / "mesh"
                )
                theirs = rows_of(con, f"'{file}'")
                numbers = lines, differing(ours, theirs)
                add(table, "these models on SQLMesh, all of it", len(theirs), seconds, numbers)

            progress.print("SQL by hand", style="dim")
            start = time.perf_counter()
            con.execute((HERE / "metrics.sql").read_text())
            seconds = time.perf_counter() - start
            theirs = rows_of(con, "metrics_by_hand")
            numbers = count(HERE / "metrics.sql"), differing(ours, theirs)
            add(table, "SQL by hand", len(theirs), seconds, numbers)

            dates = sorted({key[1] for key in ours}, reverse=True)[: options.dates]
            progress.print(f"the loop, {len(dates)} of the dates", style="dim")
            start = time.perf_counter()
            looped: Rows = {}
            for date in dates:
                for row in loop(con, date.date()):
                    key = row["tutor_id"], date, row["window"]
                    looped[key] = tuple(row[column] for column in COMPARED)
            seconds = time.perf_counter() - start
            those = {key: row for key, row in ours.items() if key[1] in set(dates)}
            label = f"a loop of queries, {len(dates)} of {len({key[1] for key in ours})} dates"
            numbers = count(HERE / "loop.py"), differing(those, looped)
            add(table, label, len(looped), seconds, numbers)
    console = Console(width=120, highlight=False)
    console.print(f"Synthetic data. {machine()}.")
    console.print(table)


def prepare(folder: Path, volume: int, env: dict[str, str]) -> None:
    """Load 90 days, and build what the metrics read."""
    raw = folder / "raw"
    run(
        [
            *(CLI, "generate", "--out", str(raw), "--days", "90", "--end-date", END.isoformat()),
            *("--tutors", str(450 * volume), "--sessions-per-day", str(3000 * volume)),
        ],
        {},
    )
    run([CLI, "load", str(raw)], env)
    selected = ("--select", f"+{MODELS[0]}", "path:seeds/performance")
    run([str(BIN / "dbt"), *WITHOUT_TESTS, *selected, "--exclude", MODELS[0]], env)


def files() -> list[str]:
    """The models of the metrics, and the macros that hold their rules."""
    models = [
        path.relative_to(PROJECT).as_posix()
        for name in MODELS
        for path in (PROJECT / "models").rglob(f"{name}.sql")
    ]
    return models + [f"macros/{name}.sql" for name in MACROS]


def compiled(target: Path) -> dict[str, Path]:
    """What dbt compiled of the models, by schema and name."""
    manifest = json.loads((target / "manifest.json").read_text())
    nodes = [manifest["nodes"][f"model.tutormax.{name}"] for name in MODELS]
    return {
        f"{node['schema']}.{node['name']}": target
        / "compiled/tutormax"
        / node["original_file_path"]
        for node in nodes
    }


def count(file: Path) -> int:
    """Lines that are not blank."""
    return sum(bool(line.strip()) for line in file.read_text().splitlines())


def rows_of(con: duckdb.DuckDBPyConnection, table: str) -> Rows:
    """The rows of a table of metrics by tutor, date and window."""
    found = con.execute(
        f'select tutor_id, calculation_date, "window", {", ".join(COMPARED)} from {table}'
    ).fetchall()
    return {row[:3]: row[3:] for row in found}


def differing(ours: Rows, theirs: Rows) -> int:
    """How many rows only one side has, or hold another value."""
    return len(ours.keys() ^ theirs.keys()) + sum(
        not all(map(is_same, ours[key], theirs[key])) for key in ours.keys() & theirs.keys()
    )


def is_same(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


def add(table: Table, way: str, rows: int, seconds: float, numbers: tuple[int, int]) -> None:
    """A line of the table; the numbers are lines of code and rows that differ."""
    table.add_row(way, f"{rows:,}", f"{seconds:.1f}", f"{rows / seconds:,.0f}", *map(str, numbers))


if __name__ == "__main__":
    main()
