"""Measures builds in a row on one warehouse: `make bench-many`.

A small sample is loaded and built; before each further build one student arrives. The builds named
are measured, by default 1, 2, 50 and 100; the first is full. Data tests are not run. Statements are
those of dbt; seconds are of the processor, of dbt's process alone, as a build of so few rows takes.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from builds import WITHOUT_TESTS, dbt_build
from commands import CLI, run
from engines import Engines, machine
from rich.console import Console
from rich.table import Table

SAMPLE = ("--days", "10", "--tutors", "20", "--sessions-per-day", "50")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("engine", nargs="?", default="duckdb", choices=["duckdb", "postgres"])
    parser.add_argument("builds", nargs="*", type=int, default=[1, 2, 50, 100], metavar="BUILD")
    arguments = parser.parse_args()
    console = Console(width=150, highlight=False)
    progress = Console(stderr=True, highlight=False)
    table = Table("build", "statements", "processor s", title="Builds in a row")
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="tutormax-bench-")))
        folder.chmod(0o711)  # the server's account passes through it
        engines = Engines(folder, exits)
        env = exits.enter_context(engines.warehouse(arguments.engine, folder))
        arrived = folder / "arrived"
        run([CLI, "generate", "--out", str(arrived), *SAMPLE], {})
        for number in range(1, max(arguments.builds) + 1):
            run([CLI, "load", str(arrived), "--target", arguments.engine], env)
            build = dbt_build(folder, env, WITHOUT_TESTS)
            progress.print(
                f"build {number}: {build.statements} statements, {build.cost.processor:.1f} s",
                style="dim",
            )
            if number in arguments.builds:
                table.add_row(str(number), str(build.statements), f"{build.cost.processor:.1f}")
            arrived = folder / f"student_{number}"
            arrived.mkdir()
            (arrived / "students.csv").write_text(f"student_id,name\nnew_{number},New Student\n")
        console.print(f"Synthetic data on {arguments.engine}. {machine(*engines.versions())}.")
    console.print(table)


if __name__ == "__main__":
    main()
