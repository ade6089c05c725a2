"""The command `tutormax validate`."""

from __future__ import annotations

import datetime as dt
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tutormax.errors import UserError
from tutormax.operations.project import parse_project
from tutormax.options import TargetOption
from tutormax.warehouse import Target

NEEDED = ("great_expectations", "pandas")


class CannotValidateError(UserError):
    """Nothing could be validated; has its own exit code."""

    exit_code = 2


def validate(
    target: TargetOption = Target.DUCKDB,
    docs: Annotated[Path, typer.Option(help="Folder for the Data Docs.")] = Path(
        "target/data_docs"
    ),
    now: Annotated[
        bool,
        typer.Option(
            "--now", help="Judge freshness by the wall clock, not by the last calculation date."
        ),
    ] = False,
) -> None:
    """Check raw and published tables against what the project declares, and against earlier loads.

    Exit code 1 if an expectation is broken, 2 if nothing could be judged.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise CannotValidateError(
            f"`tutormax validate` needs {' and '.join(missing)}: install the extra by "
            "`make .venv/extras.stamp` or `pip install 'tutormax[validate]'`."
        )
    from tutormax.validate.event_types import odd_event_types  # noqa: PLC0415
    from tutormax.validate.pages import write_pages  # noqa: PLC0415 - pandas may not be there
    from tutormax.validate.run import validate_contracts  # noqa: PLC0415
    from tutormax.validate.tables import read_contracts  # noqa: PLC0415

    try:
        clock = dt.datetime.now(dt.UTC)
        with Console(stderr=True).status("Reading the project") as shown:
            contracts = read_contracts(parse_project(target))
            results = validate_contracts(contracts, target, clock if now else None, shown.update)
        page = write_pages(docs, target, results, clock)
        odd = odd_event_types(contracts, target)
    except CannotValidateError:
        raise
    except UserError as error:
        raise CannotValidateError(str(error)) from error
    for sentence in odd:
        typer.echo(sentence)
    broken = [result for result in results if not result.success]
    for result in broken:
        typer.echo(result.line)
    tables = len({result.check.table.label for result in results})
    if broken:
        typer.echo(
            f"{len(broken)} of {len(results)} expectations of {tables} tables are broken; "
            f"{page} shows all.",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo(f"All {len(results)} expectations of {tables} tables hold; {page} shows them.")
