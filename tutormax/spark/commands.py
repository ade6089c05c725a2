"""`tutormax spark`: prepares builds on Spark."""

from __future__ import annotations

from importlib.metadata import version

import typer

from tutormax.errors import UserError
from tutormax.spark.directories import make_directories, sweep_scratch
from tutormax.spark.needs import check_java, check_packages
from tutormax.warehouse import spark_directory

spark_commands = typer.Typer(help="Prepare builds on Apache Spark.", no_args_is_help=True)


@spark_commands.callback()
def main() -> None:
    """Prepare builds on Apache Spark."""


@spark_commands.command()
def check() -> None:
    """See that Spark can start, make its folders, clear away what killed loads left there."""
    from tutormax.load.parquet_sink import settle_loads  # noqa: PLC0415 - Arrow takes a while

    check_packages()
    java = check_java()
    directory = spark_directory()
    try:
        make_directories(directory)
        sweep_scratch(directory)
        settle_loads(directory)
    except OSError as error:
        raise UserError(
            f"{error.filename or directory} cannot be written ({error.strerror}); "
            "set TUTORMAX_SPARK_DIR to a folder that can be."
        ) from error
    typer.echo(
        f"Spark {version('pyspark')} can start in Java {java}; its tables are in {directory}."
    )
