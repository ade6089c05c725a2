"""The command `tutormax train` and its output."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from tutormax.closed_periods import declared_days, hint, undeclared_periods
from tutormax.errors import UserError
from tutormax.options import TargetOption
from tutormax.warehouse import RawTarget, Target

if TYPE_CHECKING:
    from tutormax.train.judging import Figures
    from tutormax.train.training import Trained

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")


def train(
    *,
    version: Annotated[
        str,
        typer.Option(help="Name of the model, as 1.0.0; a model of that name is replaced."),
    ],
    target: TargetOption = Target.DUCKDB,
    data: Annotated[
        str, typer.Option(help="What the data are, in a sentence for the model card.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder to write seeds/churn and docs/models into; the dbt project if not given.",
            show_default=False,
        ),
    ] = None,
    capacity: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Tutors a week that operations can talk to: High and Critical have no more.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Train although the data do not carry a model.")
    ] = False,
    activate: Annotated[
        bool,
        typer.Option(
            "--activate", help="Set churn_model_version in dbt_project.yml, and run `dbt build`."
        ),
    ] = False,
    rescore: Annotated[
        bool,
        typer.Option(
            "--rescore", help="With --activate: score all history with it, by a full refresh."
        ),
    ] = False,
) -> None:
    """Train the churn model from the built warehouse; write its seeds and its model card."""
    if not _VERSION.fullmatch(version):
        raise UserError(
            f"--version must be up to 50 letters, digits, dots, dashes and underscores, beginning "
            f"with a letter or digit, not {version!r}."
        )
    if rescore and not activate:
        raise UserError("--rescore goes with --activate: give both, or neither.")
    if activate and out is not None:
        raise UserError("--activate changes the dbt project: leave out --out, or activate later.")
    # These imports take a second or two.
    from tutormax.build import run_build  # noqa: PLC0415
    from tutormax.operations.project import project_folder  # noqa: PLC0415
    from tutormax.train.activation import PROJECT_FILE, activated  # noqa: PLC0415
    from tutormax.train.card import card_path, card_text  # noqa: PLC0415
    from tutormax.train.reading import read_panel, read_session_days  # noqa: PLC0415
    from tutormax.train.seeds import seed_texts  # noqa: PLC0415
    from tutormax.train.training import train as train_on  # noqa: PLC0415
    from tutormax.train.writing import write_texts  # noqa: PLC0415

    folder = project_folder() if out is None else out
    panel = read_panel(target)
    typer.echo(f"Read {len(panel):,} tutor-days of {panel.tutors():,} tutors.")
    trained = train_on(panel, version, typer.echo, force=force, capacity=capacity)
    texts = seed_texts(folder, trained.model, trained.bands, trained.bins)
    texts[card_path(folder, version)] = card_text(trained, data)
    if activate:
        texts[folder / PROJECT_FILE] = activated(folder, version)
    write_texts(texts)
    _print_figures(trained)
    for line in not_judged(trained):
        typer.echo(line)
    closed = undeclared_periods(read_session_days(target), declared_days(project_folder()))
    if closed:
        typer.echo(hint(closed))
    for path in texts:
        typer.echo(f"Wrote {path}")
    if activate:
        # Stops with the exit code of the build.
        run_build(RawTarget(target.value), ["--full-refresh"] if rescore else [])
    else:
        typer.echo(
            f"To score with it, set churn_model_version to {version} in dbt_project.yml and run "
            "`dbt build`, or train with --activate."
        )


def not_judged(trained: Trained) -> list[str]:
    """A sentence for each horizon that could not be evaluated."""
    from tutormax.train.panel import INTERVALS  # noqa: PLC0415

    lines = []
    for (start, end), fit in zip(INTERVALS, trained.fits, strict=True):
        if fit.derived_from:
            first, last = fit.derived_from
            lines.append(
                f"The data are too short to learn or judge {end} days: the hazard of days {start} "
                f"to {end} is that of days {first} to {last}, at a constant daily rate."
            )
    return lines


def _print_figures(trained: Trained) -> None:
    from tutormax.train.panel import in_days  # noqa: PLC0415

    table = Table("horizon", "on the test part")
    for heading in ("rows", "churned", "AUC", "Brier", "calibration error"):
        table.add_column(heading, justify="right")
    for horizon, by_name in trained.figures.items():
        first = next(iter(by_name), "")
        for name, figures in by_name.items():
            table.add_row(in_days(horizon) if name == first else "", name, *cells(figures))
        table.add_section()
    Console(soft_wrap=True, highlight=False).print(table)


def cells(figures: Figures) -> list[str]:
    """Rows, churned, AUC, Brier score and calibration error as text."""
    return [
        f"{figures.rows:,}",
        f"{figures.churned:,}",
        "-" if figures.auc is None else f"{figures.auc:.3f}",
        f"{figures.brier:.4f}",
        f"{figures.ece:.4f}",
    ]
