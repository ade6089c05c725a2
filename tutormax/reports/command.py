"""The `tutormax reports` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutormax.errors import UserError
from tutormax.options import TargetOption
from tutormax.synthetic import LABEL, holds_sample
from tutormax.warehouse import Target


def reports(
    target: TargetOption = Target.DUCKDB,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the pages; pages made earlier are replaced.",
            show_default="target/reports, or target/reports-names with --names",
        ),
    ] = None,
    names: Annotated[
        bool,
        typer.Option(
            "--names/--masked",
            help="Show who tutors are, for operations; or keys alone, for everybody else.",
        ),
    ] = False,
    label: Annotated[
        str | None,
        typer.Option(
            help="A remark for the top of every page; without, pages of the sample say what it is.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make the pages: a folder to open from disk, or to put on any static server."""
    try:
        from tutormax.reports.site import make_site  # noqa: PLC0415
    except ImportError as error:
        raise UserError(
            f"The pages need the package {error.name}, which is not installed: run "
            "`make .venv/extras.stamp`, or install tutormax[reports]."
        ) from error
    if out is None:
        out = Path("target/reports-names" if names else "target/reports")
    if label is None:
        label = LABEL if holds_sample(target) else ""
    made = make_site(target, out, names=names, label=label)
    kind = "pages with names" if names else "masked pages"
    typer.echo(f"Wrote {made.pages:,} {kind}, {made.bytes / 1e6:.1f} MB: open {out / 'index.html'}")
