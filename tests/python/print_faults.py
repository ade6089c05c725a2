"""Run every fault and print what fired: `make faults`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from duckdb_warehouse import Project
from fault_bench import Bench, row_faults
from fault_catalogue import FAULTS
from rich.console import Console
from rich.table import Table


def main() -> int:
    table = Table("fault", "expected check", "fired", "others", title="Faults")
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="tutormax-faults-") as folder:
        bench = Bench(Project(Path(folder) / "dbt"), Path(folder))
        rows = list(row_faults(bench))
        rows += [(f.name, f.expected, bench.fired(f, tests=True)) for f in FAULTS]
    for name, expected, fired in rows:
        others = sorted(fired - set(expected))
        missed = set(expected) - fired
        wrong += bool(others or missed)
        table.add_row(
            name, "\n".join(expected), "no" if missed else "yes", "\n".join(others) or "none"
        )
    Console(width=160).print(table)
    print(f"{len(rows)} faults, {wrong} of them not as expected.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
