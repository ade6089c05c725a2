"""Measures loads and builds of synthetic data on DuckDB and PostgreSQL: `make bench`.

For each case: a first, full build of some history; then a build after one more hour of facts, after
one more day, and after nothing. A case is an engine, the days of history and, after an x, how many
times the default daily volume of 450 tutors and 3,000 sessions. Everything runs on one machine in
one go: compare the ratios, not the seconds.

PostgreSQL is a private server with the settings of production, or the one TUTORMAX_PG_HOST names
(in databases that are dropped afterwards). The cases left out by default take long: postgres:365
about five minutes, postgres:730 ten, duckdb:730x10 needs some 15 GiB of memory.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from arrivals import arrive
from cases import Case, Measured, measure, parse_case
from commands import apart
from engines import Engines, machine
from loading import Load, measure_loads
from report import (
    builds_table,
    full_table,
    loads_table,
    nothing_table,
    ratios_table,
    twin_table,
)
from rich.console import Console

DEFAULT = ("duckdb:90", "duckdb:365", "duckdb:730", "duckdb:90x10", "postgres:90")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "cases",
        nargs="*",
        type=parse_case,
        default=[parse_case(text) for text in DEFAULT],
        metavar="CASE",
        help=f"like duckdb:90 or postgres:730 or duckdb:90x10; by default {' '.join(DEFAULT)}",
    )
    parser.add_argument("--no-load", action="store_true", help="leave out the loader's table")
    arguments = parser.parse_args()
    progress = Console(stderr=True, highlight=False)

    def say(text: str) -> None:
        progress.print(text, style="dim")

    measured: list[Measured] = []
    loads: list[Load] = []
    with ExitStack() as exits:
        name = exits.enter_context(tempfile.TemporaryDirectory(prefix="tutormax-bench-"))
        folder = Path(name)
        folder.chmod(0o711)  # the server's account passes through it
        engines = Engines(folder, exits)
        names = sorted({case.engine for case in arguments.cases})
        if not arguments.no_load:
            loads = _loads(engines, names, folder, say)
        for histories in _by_history(arguments.cases):
            with tempfile.TemporaryDirectory(dir=folder) as files:
                days, volume = histories[0].days, histories[0].volume
                say(f"{days} days, {volume}x: generating")
                arrivals = apart(arrive, Path(files), days, volume)
                for case in histories:
                    measured.append(measure(case, arrivals, engines, say))
        about = machine(*engines.versions())
    measured.sort(key=lambda one: arguments.cases.index(one.case))
    console = Console(width=150, highlight=False)
    console.print(f"Synthetic data. {about}.")
    for table in (builds_table, ratios_table, full_table, nothing_table, twin_table):
        console.print(table(measured))
    if loads:
        console.print(loads_table(loads, measured))


def _loads(
    engines: Engines, names: list[str], folder: Path, say: Callable[[str], None]
) -> list[Load]:
    with tempfile.TemporaryDirectory(dir=folder) as files:
        arrivals = apart(arrive, Path(files), 90, 1)
        say("loading 90 days from each format")
        return measure_loads(
            arrivals.folders["history"], arrivals.rows["history"], engines, names, Path(files)
        )


def _by_history(cases: list[Case]) -> list[list[Case]]:
    """The cases in groups that share a history, which is generated once."""
    groups: dict[tuple[int, int], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.days, case.volume), []).append(case)
    return list(groups.values())


if __name__ == "__main__":
    main()
