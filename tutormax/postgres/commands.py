"""`tutormax postgres`: the private server, for trials and for builds without an administrator."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutormax.errors import UserError

if TYPE_CHECKING:
    from tutormax.postgres.server import LocalServer

DEFAULT_DATA_DIR = Path("data/postgres")
NOT_RUNNING = 3
"""The exit code of `status` where nothing runs, as system services have it."""

postgres_commands = typer.Typer(
    help="Run a private PostgreSQL server, or tell the one TUTORMAX_PG_HOST names.",
    no_args_is_help=True,
)

DataDir = Annotated[
    Path,
    # Typer does not check the folder, because our messages are clearer.
    typer.Option("--data-dir", readable=False, help="The folder of the private server's data."),
]


@postgres_commands.command()
def start(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Start the private server; a server that runs already is left as it is."""
    named = url_from_environment()
    if named is not None:
        typer.echo(f"TUTORMAX_PG_HOST names the server {_address(named)}: nothing was started.")
        return
    server = local_server(data_dir)
    verb = "started" if server.start() else "runs already"
    typer.echo(f"PostgreSQL {verb} on port {server.port()}, data in {server.data_dir}.")


@postgres_commands.command()
def stop(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Stop the private server, whatever the environment names; no server is no error."""
    server = local_server(data_dir)
    verb = "stopped" if server.stop() else "was not running"
    typer.echo(f"PostgreSQL {verb}, data in {server.data_dir}.")


@postgres_commands.command()
def status(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Tell in one line whether the server that `url` names runs; exit code 0 if so, else 3."""
    named = url_from_environment()
    if named is not None:
        running = _answers(named)
        said = "answers" if running else "does not answer"
        typer.echo(f"The server that TUTORMAX_PG_HOST names, {_address(named)}, {said}.")
    else:
        server = local_server(data_dir)
        running = server.is_ready()
        said = f"runs on port {server.port()}" if running else "is not running"
        typer.echo(f"PostgreSQL {said}, data in {server.data_dir}.")
    if not running:
        raise typer.Exit(NOT_RUNNING)


@postgres_commands.command()
def url(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Print the URL of the server, postgresql://user[:password]@host:port/database, and no more."""
    typer.echo(server_url(data_dir))


@postgres_commands.command()
def env(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Print the variables that name the server to dbt: eval "$(tutormax postgres env)"."""
    for name, value in environment(server_url(data_dir)).items():
        typer.echo(f"export {name}={shlex.quote(value)}")


@postgres_commands.command()
def migrate(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Make the schemas raw and archive in the server's database, or bring them up to date."""
    from tutormax.postgres.migrate import migrate as apply  # noqa: PLC0415

    apply(server_url(data_dir))


def environment(server: str) -> dict[str, str]:
    """Return the variables that name the server of a URL; the host may be a socket folder."""
    from psycopg2.extensions import parse_dsn  # noqa: PLC0415

    parts = parse_dsn(server)
    return {
        "TUTORMAX_PG_HOST": parts.get("host", ""),
        "TUTORMAX_PG_PORT": parts.get("port", "5432"),
        "TUTORMAX_PG_USER": parts.get("user", ""),
        "TUTORMAX_PG_PASSWORD": parts.get("password", ""),
        "TUTORMAX_PG_DATABASE": parts.get("dbname", ""),
    }


def url_from_environment() -> str | None:
    """Return the URL of the server that `TUTORMAX_PG_HOST` or `PGSERVICE` names; None if neither.

    Raises:
        UserError: another of the variables is not valid.
    """
    if not (os.environ.get("TUTORMAX_PG_HOST") or os.environ.get("PGSERVICE")):
        return None
    from tutormax.warehouse import postgres_url  # noqa: PLC0415

    return postgres_url()


def server_url(data_dir: Path = DEFAULT_DATA_DIR) -> str:
    """Return the URL of the server the environment names, else of the one that runs on `data_dir`.

    Raises:
        UserError: there is neither.
    """
    named = url_from_environment()
    if named is not None:
        return named
    server = local_server(data_dir)
    if not server.is_ready():
        raise UserError(
            f"No PostgreSQL server runs on the data in {server.data_dir}: start it with "
            "`tutormax postgres start`, or name a server with TUTORMAX_PG_HOST."
        )
    return server.url()


def local_server(data_dir: Path) -> LocalServer:
    """Return the private server of a data folder.

    Raises:
        UserError: on Windows, where there is none.
    """
    if sys.platform == "win32":
        raise UserError("There is no private server on Windows: name one with TUTORMAX_PG_HOST.")
    # Unix only; the other commands work without it.
    from tutormax.postgres.server import LocalServer  # noqa: PLC0415

    return LocalServer(data_dir)


def _address(named: str) -> str:
    from psycopg2.extensions import parse_dsn  # noqa: PLC0415

    parts = parse_dsn(named)
    separator = " port " if parts["host"].startswith("/") else ":"
    return f"{parts['host']}{separator}{parts['port']}"


def _answers(named: str) -> bool:
    import psycopg2  # noqa: PLC0415

    try:
        psycopg2.connect(named, connect_timeout=5).close()
    except psycopg2.OperationalError:
        return False
    return True
