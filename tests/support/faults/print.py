"""Run every fault and print what fired: `make faults`. Words pick faults whose names hold one."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from support.faults.bench import Bench, Fired, row_faults
from support.faults.catalogue import FAULTS
from support.project import DuckDbProject

WIDTHS = (48, 78, 6)


def main(words: list[str]) -> int:
    print_row("fault", "expected check", "fired", "others")
    count = wrong = 0
    with tempfile.TemporaryDirectory(prefix="tutormax-faults-") as folder:
        for name, expected, fired in run_all(Path(folder), words):
            others = sorted(fired - set(expected))
            missed = sorted(set(expected) - fired)
            count += 1
            wrong += bool(others or missed)
            print_row(
                name,
                "; ".join(expected),
                "no" if missed else "yes",
                "; ".join([*others, *(f"missed: {name}" for name in missed)]) or "none",
            )
    print(f"{count} faults, {wrong} of them not as expected.")
    return 1 if wrong or not count else 0


def run_all(folder: Path, words: list[str]) -> Iterator[tuple[str, tuple[str, ...], Fired]]:
    bench = Bench(DuckDbProject(folder / "dbt"), folder)
    if not words:
        yield from row_faults(bench)
    for fault in FAULTS:
        if not words or any(word in fault.name for word in words):
            with redirect_stdout(StringIO()):  # dbt says what stopped it
                fired = bench.fired(fault, tests=True)
            yield fault.name, fault.expected, fired


def print_row(*cells: str) -> None:
    padded = [cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=False)]
    print("  ".join((*padded, cells[-1])), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
