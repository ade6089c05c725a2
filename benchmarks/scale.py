"""Measures how full builds grow with the volume on each engine: `make bench-scale`.

A case is an engine and how many times the default volume (90 days of 450 tutors and 3,000 sessions
a day); for Spark, after an @, how many workers of a standalone cluster on this machine, of one core
each. Raw is generated and loaded; then every seed and model is built for the first time, without
data tests. Memory is that of all processes that take part, server and workers included; disk is
what is stored in the end, and what lay there at most beside it, as scratch.

A case that fails is told, and the next one begins. `--plot FILE` draws the results.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from builds import WITHOUT_TESTS, dbt_build
from commands import CLI, run
from engines import Engines, machine
from loading import load
from rich.console import Console
from rich.table import Table
from watching import Watch

from tutormax.errors import UserError
from tutormax.spark.needs import check_java, check_packages
from tutormax.spark.standalone import standalone_cluster

DEFAULT = (
    *("duckdb:1", "duckdb:10", "duckdb:100", "postgres:1", "postgres:10"),
    *("spark:1@1", "spark:1@2"),
)
DAYS = 90


@dataclass(frozen=True)
class Case:
    """An engine, how many times the default volume, and how many workers (Spark only)."""

    engine: str
    volume: int
    workers: int = 0

    @property
    def name(self) -> str:
        names = {"duckdb": "DuckDB", "postgres": "PostgreSQL", "spark": "Spark"}
        workers = f", {self.workers} worker{'s' * (self.workers > 1)}" if self.workers else ""
        return names[self.engine] + workers


@dataclass(frozen=True)
class Measured:
    """Seconds of wall time, rows of raw, and bytes; `failure` says why there are no numbers."""

    name: str
    volume: int
    raw_rows: int
    loading: float = 0
    models: float = 0
    everything: float = 0
    memory: int = 0
    stored: int = 0
    scratch: int = 0
    failure: str = ""


def parse_case(text: str) -> Case:
    match = re.fullmatch(r"(duckdb|postgres|spark):([1-9][0-9]*)(?:@([1-9]))?", text)
    if match is None or (match[1] == "spark") != bool(match[3]):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no case: write duckdb:10, postgres:1 or spark:1@2"
        )
    return Case(match[1], int(match[2]), int(match[3] or 0))


def generate(folder: Path, volume: int) -> int:
    """Write raw files, and give the number of their rows."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    run(
        [
            *(CLI, "generate", "--out", str(folder), "--days", str(DAYS), "--dirt", "0.002"),
            *("--tutors", str(450 * volume), "--sessions-per-day", str(3000 * volume)),
            *("--end-date", "2026-01-31"),
        ],
        {},
    )
    return sum(pq.read_metadata(file).num_rows for file in folder.glob("*.parquet"))


def measure(case: Case, raw: Path, rows: int, engines: Engines) -> Measured:
    """Load and build in an empty warehouse of its own."""
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(dir=engines.folder)))
        # The server's account passes through it.
        folder.chmod(0o711)
        watch = exits.enter_context(Watch(engines.folder))
        env = exits.enter_context(engines.warehouse(case.engine, folder))
        if case.workers:
            env["TUTORMAX_SPARK_MASTER"] = exits.enter_context(
                standalone_cluster(folder, case.workers, memory="4g")
            )
        try:
            loading = load(raw, env)
            watch.begin()
            build = dbt_build(folder, env, WITHOUT_TESTS)
        except SystemExit as failed:
            return Measured(case.name, case.volume, rows, failure=str(failed).strip()[-300:])
        seen = watch.end()
        return Measured(
            *(case.name, case.volume, rows, loading.wall, build.busy, build.cost.wall),
            *(seen.memory, seen.stored, seen.scratch),
        )


def table(every: list[Measured]) -> Table:
    """Every case, and how it has grown beside the smallest of its engine."""
    result = Table(title="First builds without data tests", title_justify="left")
    for column in (
        *("engine", "volume", "raw rows", "load s", "models s", "dbt s", "rows/s", "memory GiB"),
        *("stored GiB", "scratch GiB", "rows x", "models x", "memory x", "stored x"),
    ):
        result.add_column(column, justify="left" if column == "engine" else "right")
    for one in every:
        if one.failure:
            result.add_row(one.name, f"{one.volume}x", f"{one.raw_rows:,}", "failed")
            continue
        least = next(other for other in every if other.name == one.name and not other.failure)
        result.add_row(
            *(one.name, f"{one.volume}x", f"{one.raw_rows:,}", f"{one.loading:.0f}"),
            *(f"{one.models:.0f}", f"{one.everything:.0f}", f"{one.raw_rows / one.models:,.0f}"),
            *(f"{size / 2**30:.1f}" for size in (one.memory, one.stored, one.scratch)),
            *(
                f"{getattr(one, what) / getattr(least, what):.1f}"
                for what in ("raw_rows", "models", "memory", "stored")
            ),
        )
    return result


def plot(every: list[Measured], file: Path) -> None:
    """Seconds and memory by rows of raw, both axes logarithmic."""
    import altair as alt  # noqa: PLC0415

    rows = [
        {"engine": one.name, "raw rows": one.raw_rows, "what": what, "value": value}
        for one in every
        if not one.failure
        for what, value in (("seconds", one.models), ("memory, GiB", one.memory / 2**30))
    ]
    lines = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(point=True)
        .encode(
            x=alt.X(
                "raw rows:Q",
                scale=alt.Scale(type="log", nice=False, padding=10),
                axis=alt.Axis(format="~s", values=[10**6, 10**7, 10**8]),
            ),
            y=alt.Y("value:Q", scale=alt.Scale(type="log"), title=None),
            color=alt.Color("engine:N", title=None),
        )
        .properties(width=320, height=260)
        .facet(column=alt.Column("what:N", title=None, sort=["seconds", "memory, GiB"]))
        .resolve_scale(y="independent")
    )
    lines.save(str(file))


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
        help=f"like duckdb:10, postgres:1 or spark:1@2; by default {' '.join(DEFAULT)}",
    )
    parser.add_argument("--results", type=Path, help="a file of JSON lines to add to")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="an image: .svg or .png")
    parser.add_argument("--folder", type=Path, help="where to work; needs much room at 100 times")
    options = parser.parse_args()
    if any(case.workers for case in options.cases):
        try:
            check_packages()
            check_java()
        except UserError as error:
            parser.exit(1, f"{error}\n")
    progress = Console(stderr=True, highlight=False)
    every: list[Measured] = []
    with ExitStack() as exits:
        name = tempfile.TemporaryDirectory(prefix="tutormax-scale-", dir=options.folder)
        folder = Path(exits.enter_context(name))
        folder.chmod(0o711)
        engines = Engines(folder, exits)
        for volume in sorted({case.volume for case in options.cases}):
            with tempfile.TemporaryDirectory(dir=folder) as raw:
                progress.print(f"{volume}x: generating", style="dim")
                rows = generate(Path(raw), volume)
                for case in (case for case in options.cases if case.volume == volume):
                    progress.print(f"{case.name}, {volume}x: {rows:,} rows", style="dim")
                    every.append(measure(case, Path(raw), rows, engines))
                    progress.print(f"  {every[-1]}", style="dim")
                    if options.results:
                        with options.results.open("a") as file:
                            file.write(json.dumps(asdict(every[-1])) + "\n")
        versions = engines.versions()
        if any(case.workers for case in options.cases):
            versions.append(f"Spark {version('pyspark')}")
    if options.results:
        told = map(json.loads, options.results.read_text().splitlines())
        every = [Measured(**one) for one in told]
    every.sort(key=lambda one: (one.name, one.volume))
    console = Console(width=170, highlight=False)
    console.print(f"Synthetic data. {machine(*versions)}.")
    console.print(table(every))
    for one in every:
        if one.failure:
            console.print(f"{one.name}, {one.volume}x failed: {one.failure}")
    if options.plot:
        plot(every, options.plot)


if __name__ == "__main__":
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    main()
