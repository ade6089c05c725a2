"""`tutormax build`: `dbt build`, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from tutormax.operations.project import close_connections, dbt_options, project_folder
from tutormax.options import RawTargetOption
from tutormax.summary import print_summary
from tutormax.warehouse import RawTarget, first_line, postgres_settings

FAILED, NOT_RUN, REFUSED = 1, 2, 3


def build(
    context: typer.Context,
    target: RawTargetOption = RawTarget.DUCKDB,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with 3 if the build succeeds and the summary warns of what arrived.",
        ),
    ] = False,
) -> None:
    """Build the warehouse, and say what was made and what was refused.

    Other options go to `dbt build`, as --full-refresh or --vars. Exit codes: 0 built, 1 a model or
    a test failed or the guard stopped the build, 2 dbt could not begin, 3 see --strict.
    """
    warnings = run_build(target, context.args)
    if strict and warnings:
        raise typer.Exit(REFUSED)


def run_build(target: RawTarget, words: Sequence[str]) -> bool:
    """Run `dbt build` and print the summary; returns whether it warns.

    Raises:
        Exit: dbt could not begin, or something failed.
    """
    # The imports take seconds.
    from dbt.cli.exceptions import DbtUsageException  # noqa: PLC0415
    from dbt.cli.main import dbtRunner  # noqa: PLC0415

    if target is RawTarget.POSTGRES:
        postgres_settings()  # dbt finds the private server by the environment
    options = dbt_options(target, project_folder())
    done = dbtRunner().invoke(["build", *options, *words])
    close_connections(target)
    if done.result is None:
        # dbt has told every other reason.
        if isinstance(done.exception, DbtUsageException):
            typer.echo(f"Error: {first_line(done.exception)}", err=True)
        raise typer.Exit(NOT_RUN)
    warnings = print_summary(target)
    if not done.success:
        raise typer.Exit(FAILED)
    return warnings
