"""The `tutormax` command line: registers the commands, one module each."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console

from tutormax.build import build
from tutormax.contracts.command import contracts
from tutormax.errors import UserError
from tutormax.generate.command import generate
from tutormax.init import init
from tutormax.load.command import load
from tutormax.operations.archive import archive
from tutormax.operations.check import check
from tutormax.operations.erase import erase
from tutormax.operations.maintain import maintain
from tutormax.operations.roles import roles
from tutormax.operations.subject_access import subject_access
from tutormax.postgres.commands import postgres_commands
from tutormax.reports.command import reports
from tutormax.sample import sample
from tutormax.spark.commands import spark_commands
from tutormax.summary import summary
from tutormax.train.command import train
from tutormax.validate.command import validate

commands = typer.Typer(
    name="tutormax",
    help="TutorMax warehouse: sample data, loading and operations around the dbt project.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
commands.add_typer(postgres_commands, name="postgres")
commands.add_typer(spark_commands, name="spark")
commands.command("init")(init)
commands.command("load")(load)
# What the command does not know is for dbt.
commands.command(
    "build", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)(build)
commands.command("generate")(generate)
commands.command("sample")(sample)
commands.command("summary")(summary)
commands.command("erase")(erase)
commands.command("subject-access")(subject_access)
commands.command("archive")(archive)
commands.command("maintain")(maintain)
commands.command("roles")(roles)
commands.command("check")(check)
commands.command("train")(train)
commands.command("contracts")(contracts)
commands.command("validate")(validate)
commands.command("reports")(reports)


def app() -> None:
    """Run the command line; a `UserError` becomes one sentence on stderr and its exit code."""
    try:
        commands()
    except UserError as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(f"Error: {error}", markup=False)
        sys.exit(error.exit_code)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tutormax {version('tutormax')}")
        raise typer.Exit


@commands.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """TutorMax warehouse: sample data, loading and operations around the dbt project."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
