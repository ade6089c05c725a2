"""The `tutormax load` command: what a person sees of a load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import progress as bars
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tutormax.load.files import SourceFile, shown, why_passed_over
from tutormax.load.mapping import Mapping
from tutormax.load.mapping_file import read_mapping
from tutormax.operations.project import project_vars
from tutormax.options import RawTargetOption
from tutormax.private import folders_of_dbt
from tutormax.synthetic import refuse_sample
from tutormax.warehouse import RawTarget

if TYPE_CHECKING:
    from tutormax.load.explain import Finding
    from tutormax.load.loader import LoadReport, Progress


def load(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Directory with files called <table>.csv, .parquet, .jsonl or .json (an array); "
            "several files a table and .gz or .zst are fine.",
            show_default=False,
        ),
    ],
    target: RawTargetOption = RawTarget.DUCKDB,
    *,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Load nothing if more of a table's rows cannot be read than the var "
            "max_rejected_share allows.",
        ),
    ] = False,
    add_to_sample: Annotated[
        bool,
        typer.Option("--add-to-sample", help="Load into a warehouse that holds the sample, too."),
    ] = False,
    mapping: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="YAML that says how the files' names and texts are to be read; "
            "see examples/mappings.",
            show_default=False,
        ),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Load nothing; print what would not load, and the lines of a mapping that would "
            "mend it. The exit code is 1 if anything would not load.",
        ),
    ] = False,
) -> None:
    """Append the files of a directory to the raw tables: all of them, or nothing.

    A row that holds a value its column cannot take goes to raw.unreadable_rows; a file that cannot
    be read at all stops the load.
    """
    from tutormax.load.loader import load_directory  # noqa: PLC0415 - Arrow takes a while

    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    declared = read_mapping(mapping) if mapping is not None else Mapping()
    if explain:
        from tutormax.load.explain import explain_directory  # noqa: PLC0415

        report, findings = explain_directory(directory, declared)
        _print_passed_over(report, errors)
        _print_counts(report)
        _print_findings(findings)
        raise typer.Exit(1 if findings else 0)
    if not add_to_sample:
        refuse_sample(target)
    with bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    ) as bar:
        limit = float(project_vars()["max_rejected_share"]) if strict else 1.0
        report = load_directory(directory, target, _shown_on(bar), limit, declared)
    _make_folders_of_dbt()
    _print_passed_over(report, errors)
    _print_unreadable(report, errors)
    if erased := sum(count.erased for count in report.counts):
        rows = "1 row is" if erased == 1 else f"{erased} rows are"
        errors.print(f"Warning: {rows} of erased people; none of their values was kept.")
    _print_counts(report)
    _output().print(f"Loaded into {report.destination}.", markup=False)


def _make_folders_of_dbt() -> None:
    """Make dbt's folders, which would be open to everybody if dbt made them."""
    if Path("dbt_project.yml").exists():
        for folder in folders_of_dbt():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _output() -> Console:
    return Console(soft_wrap=True, highlight=False)


def _print_findings(findings: Sequence[Finding]) -> None:
    output = _output()
    for finding in findings:
        output.print(finding.problem, markup=False)
        if finding.lines:
            several = " (the file cannot tell which of these)" if len(finding.lines) > 1 else ""
            output.print(f"  in a mapping, under {finding.place}{several}:", markup=False)
        for line in finding.lines:
            output.print(f"    {line}", markup=False)
    verdict = "Not everything would load" if findings else "Everything would load"
    output.print(f"{verdict}; nothing was loaded.")


def _shown_on(bar: bars.Progress) -> Progress:
    task = bar.add_task("reading", total=None)

    def start(file: SourceFile, rows: int) -> None:
        bar.reset(task, total=rows, description=file.table.name)

    from tutormax.load.loader import Progress  # noqa: PLC0415

    return Progress(start, lambda rows: bar.advance(task, rows))


def _print_passed_over(report: LoadReport, errors: Console) -> None:
    if report.passed_over:
        errors.print(f"Warning: {why_passed_over(report.passed_over)}", markup=False)
    for count in report.counts:
        if count.unknown:
            noun = "column" if len(count.unknown) == 1 else "columns"
            unknown = ", ".join(count.unknown)
            errors.print(
                f"Warning: {shown(count.file)} has the unknown {noun} {unknown}; ignored.",
                markup=False,
            )


def _print_unreadable(report: LoadReport, errors: Console) -> None:
    for count in report.counts:
        if count.unreadable:
            noun = "row" if count.unreadable == 1 else "rows"
            errors.print(
                f"Warning: {count.unreadable} {noun} of {shown(count.file)} cannot be read "
                f"and {'is' if count.unreadable == 1 else 'are'} in raw.unreadable_rows: "
                f"{'; '.join(count.reasons)}.",
                markup=False,
            )


def _print_counts(report: LoadReport) -> None:
    # Plain digits, so that a script can read them too.
    table = Table(box=SIMPLE_HEAD)
    table.add_column("table")
    for heading in ("read", "loaded", "unreadable"):
        table.add_column(heading, justify="right")
    sums: dict[str, Counter[str]] = {}
    for count in report.counts:
        sums.setdefault(count.table, Counter()).update(
            read=count.read, loaded=count.loaded, unreadable=count.unreadable
        )
    for name, rows in sums.items():
        table.add_row(name, str(rows["read"]), str(rows["loaded"]), str(rows["unreadable"]))
    _output().print(table)
