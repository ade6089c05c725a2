"""The targets of the warehouse, their settings in the environment, and connections.

Functions that can fail for an external reason raise `UserError`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import quote as percent_encoded

import duckdb
import psycopg2
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import make_dsn
from sqlalchemy import MetaData, Table
from sqlalchemy.dialects import postgresql

from tutormax.errors import UserError
from tutormax.postgres.session import open_session
from tutormax.private import private_files
from tutormax.schema import ARCHIVE_SCHEMA, RAW_SCHEMA, archive_metadata, metadata

DEFAULT_DUCKDB_PATH = Path("data/warehouse.duckdb")
DEFAULT_SPARK_DIRECTORY = Path("data/spark")
POSTGRES_DEFAULTS = {
    "host": "127.0.0.1",
    "port": "5432",
    "user": "postgres",
    "password": "",
    "database": "postgres",
}
# A new file can be read by DuckDB from this version on; an existing file keeps its format.
DUCKDB_CONFIG = {"storage_compatibility_version": "v1.4.0"}

# DuckDB's names of PostgreSQL types that it spells differently.
_DUCKDB_TYPES = {
    "TEXT": "VARCHAR",
    "JSONB": "JSON",
    "DOUBLE PRECISION": "DOUBLE",
}


class Target(StrEnum):
    """A database whose rows operations can change."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"


class RawTarget(StrEnum):
    """An engine for which raw can be loaded and a build be summarised."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"
    SPARK = "spark"


def duckdb_path() -> Path:
    """Path of the DuckDB file: `TUTORMAX_DUCKDB_PATH`, or `data/warehouse.duckdb` here."""
    return _named_path("TUTORMAX_DUCKDB_PATH", DEFAULT_DUCKDB_PATH)


def spark_directory() -> Path:
    """Folder of Spark's files: `TUTORMAX_SPARK_DIR`, or `data/spark` here."""
    return _named_path("TUTORMAX_SPARK_DIR", DEFAULT_SPARK_DIRECTORY)


def _named_path(variable: str, default: Path) -> Path:
    """The path that an environment variable names. Raises `UserError` if it is not UTF-8."""
    path = Path(os.environ.get(variable) or default)
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    if name != str(path):
        raise UserError(f"The name {name} is not UTF-8; set {variable} to another path.")
    return path


def postgres_settings() -> dict[str, str]:
    """Settings of the PostgreSQL server: host, port, user, password, database, all as text.

    From `TUTORMAX_PG_HOST` and the like, else from the service that `PGSERVICE` names, else of the
    private server that runs on `data/postgres` here; then the environment names it from now on.
    Raises `UserError` if `TUTORMAX_PG_PORT` is not a port number.
    """
    _name_private_server()
    service = _libpq_service()
    settings = {
        name: os.environ.get(f"TUTORMAX_PG_{name.upper()}")
        or service.get("dbname" if name == "database" else name)
        or default
        for name, default in POSTGRES_DEFAULTS.items()
    }
    port = settings["port"]
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise UserError(f"TUTORMAX_PG_PORT is '{port}'; set it to a port number (1-65535).")
    return settings


def _name_private_server() -> None:
    from tutormax.postgres.commands import (  # noqa: PLC0415
        DEFAULT_DATA_DIR,
        environment,
        local_server,
    )

    # One of them alone names another server, too: the others have defaults.
    naming = (
        "PGSERVICE",
        *(f"TUTORMAX_PG_{name}" for name in ("HOST", "PORT", "USER", "PASSWORD")),
    )
    if any(map(os.environ.get, naming)) or not (DEFAULT_DATA_DIR / "cluster").exists():
        return
    server = local_server(DEFAULT_DATA_DIR)
    if server.is_ready():
        for name, value in environment(server.url()).items():
            os.environ.setdefault(name, value)


def _libpq_service() -> Mapping[str, str]:
    """What the service file says of the service that `PGSERVICE` names; libpq reads the rest."""
    name = os.environ.get("PGSERVICE")
    if not name:
        return {}
    own = Path(os.environ.get("PGSERVICEFILE") or Path.home() / ".pg_service.conf")
    of_all = Path(os.environ.get("PGSYSCONFDIR") or "/etc/postgresql-common") / "pg_service.conf"
    services = ConfigParser(interpolation=None, delimiters=("=",))
    try:
        for file in (own, of_all):
            services.clear()
            services.read(file, encoding="utf-8")
            if services.has_section(name):
                return dict(services.items(name))
    except (ConfigParserError, UnicodeDecodeError) as error:
        raise UserError(f"The service file {file} cannot be read: {first_line(error)}") from error
    raise UserError(f"PGSERVICE is '{name}', which is in neither {own} nor {of_all}.")


def postgres_dsn() -> str:
    """Connection string in libpq's `key=value` form, safely quoted."""
    settings = postgres_settings()
    # Without an empty password, so that a password file can provide one.
    password = {"password": settings["password"]} if settings["password"] else {}
    return make_dsn(
        host=settings["host"],
        port=settings["port"],
        user=settings["user"],
        dbname=settings["database"],
        **password,
    )


def postgres_url() -> str:
    """Connection URL as libpq reads it, password included."""
    host, port, user, password, database = (
        percent_encoded(value, safe="") for value in postgres_settings().values()
    )
    login = f"{user}:{password}" if password else user
    # A directory names a Unix socket, which must be a parameter of the URL.
    if host.startswith("%2F"):
        return f"postgresql://{login}@:{port}/{database}?host={host}"
    address = f"[{host.replace('%3A', ':')}]" if "%3A" in host else host
    return f"postgresql://{login}@{address}:{port}/{database}"


def connect_duckdb(
    path: Path | None = None, *, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open the DuckDB warehouse with its session in UTC.

    `path` defaults to `duckdb_path()`. Creates the file and its directories, unless `read_only`.
    Raises `UserError` if it cannot be opened.
    """
    path = duckdb_path() if path is None else path
    if str(path).startswith(":memory:"):
        raise UserError(
            "TUTORMAX_DUCKDB_PATH is ':memory:', where nothing would stay; set it to a file."
        )
    if path.is_dir():
        raise UserError(f"{path} is a directory; set TUTORMAX_DUCKDB_PATH to a DuckDB file.")
    if read_only and not path.exists():
        raise UserError(
            f"There is no DuckDB warehouse at {path}; load data first or set TUTORMAX_DUCKDB_PATH."
        )
    try:
        if not path.exists():
            # It will hold personal values, as will what DuckDB writes beside it.
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with private_files():
            con = duckdb.connect(str(path), read_only=read_only, config=dict(DUCKDB_CONFIG))
        con.execute("SET TimeZone = 'UTC'")
        return con
    except (duckdb.Error, OSError) as error:
        raise UserError(_why_duckdb_is_shut(path, error)) from error


def _why_duckdb_is_shut(path: Path, error: Exception) -> str:
    message = str(error)
    if "lock on file" in message:
        return (
            f"The DuckDB file {path} is locked: another process holds it; "
            "close that process and run the command again."
        )
    if "not a valid DuckDB database file" in message:
        return f"{path} is not a DuckDB database; set TUTORMAX_DUCKDB_PATH to another file."
    if "database file with version number" in message:
        return (
            f"The DuckDB file {path} has a format that DuckDB {duckdb.__version__} cannot read: "
            "install a newer one, or copy the file (docs/production.md, DuckDB's file)."
        )
    return f"The DuckDB file {path} cannot be opened: {first_line(error)}"


def session_settings() -> Mapping[str, str]:
    """The var `postgres_settings`: what is set in every transaction."""
    from tutormax.operations.project import project_vars  # noqa: PLC0415

    return dict(project_vars()["postgres_settings"])


def connect_postgres(*, reads: bool = False) -> PgConnection:
    """Connect to the PostgreSQL server, with the var `postgres_settings` in every transaction.

    Raises `UserError` if the connection fails, or if the server is a standby and the command does
    not only read (`reads`).
    """
    settings = postgres_settings()
    where = f"{settings['host']}:{settings['port']}"
    try:
        con = open_session(postgres_dsn(), session_settings(), reads=True)
        if not reads:
            with con.cursor() as cursor:
                cursor.execute("select pg_is_in_recovery()")
                ((is_standby,),) = cursor.fetchall()
            con.rollback()
            if is_standby:
                raise UserError(
                    f"PostgreSQL at {where} is a standby, where nothing can be changed; "
                    "name the primary server with TUTORMAX_PG_HOST and TUTORMAX_PG_PORT."
                )
            con.set_session(readonly=False)
    except (psycopg2.Error, UnicodeDecodeError) as error:
        raise UserError(
            f"PostgreSQL at {where} (database {settings['database']}, user {settings['user']}) "
            "does not let us in; start the server or set TUTORMAX_PG_HOST, TUTORMAX_PG_PORT, "
            f"TUTORMAX_PG_USER, TUTORMAX_PG_PASSWORD and TUTORMAX_PG_DATABASE: {first_line(error)}"
        ) from error
    return con


def place_of(target: Target | RawTarget) -> str:
    """Where the warehouse is, for messages."""
    if target == Target.DUCKDB:
        return str(duckdb_path())
    if target == RawTarget.SPARK:
        return str(spark_directory())
    settings = postgres_settings()
    return f"{settings['host']}:{settings['port']}/{settings['database']}"


def first_line(error: BaseException) -> str:
    """First line of an engine's message, without DuckDB's class name."""
    lines = str(error).strip().splitlines()
    line = lines[0].strip() if lines else type(error).__name__
    kind, colon, rest = line.partition(" Error: ")
    return rest if colon and len(kind) < 30 else line


def quote(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def qualified(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> str:
    """Full name of a table in the open DuckDB file.

    Always with the catalog: in a file raw.duckdb, whose catalog is `raw`, `raw.tutors` would be
    ambiguous.
    """
    return ".".join(quote(part) for part in (_catalog(con), schema, table))


def one_row(
    con: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()
) -> tuple[Any, ...]:
    """The one row of a query's result."""
    # Fetches everything: unread rows block the connection.
    (row,) = con.execute(sql, list(parameters)).fetchall()
    return tuple(row)


def _catalog(con: duckdb.DuckDBPyConnection) -> str:
    return str(one_row(con, "SELECT current_database()")[0])


def duckdb_type(table: Table, column: str) -> str:
    """DuckDB's name for the type of a raw column, as its catalog spells it."""
    compiled = table.columns[column].type.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
    return _DUCKDB_TYPES.get(compiled, compiled).replace("NUMERIC(38, 0)", "DECIMAL(38,0)")


def ensure_raw_duckdb(con: duckdb.DuckDBPyConnection) -> None:
    """Create the schema `raw` and its missing tables in the open DuckDB file.

    An existing table must have exactly the columns (in any order) and types of the metadata;
    otherwise raises `UserError`. Runs in the caller's transaction, if there is one.
    """
    if _ensure_duckdb(con, RAW_SCHEMA, metadata, "move it away and load again"):
        # A build that came first has made the file, open to everybody.
        for (path,) in con.execute(
            "SELECT path FROM duckdb_databases() "
            "WHERE database_name = current_database() AND path IS NOT NULL"
        ).fetchall():
            Path(path).chmod(0o600)


def ensure_archive_duckdb(con: duckdb.DuckDBPyConnection) -> None:
    """Create the schema `archive` and its tables, like `ensure_raw_duckdb`."""
    _ensure_duckdb(con, ARCHIVE_SCHEMA, archive_metadata, "give it these columns")


def _ensure_duckdb(
    con: duckdb.DuckDBPyConnection, schema: str, wanted_tables: MetaData, remedy: str
) -> bool:
    """Create what is absent; return whether nothing was there."""
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(_catalog(con))}.{quote(schema)}")
    existing: dict[str, dict[str, str]] = {}
    for table_name, column, kind in con.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = current_database() AND schema_name = ?",
        [schema],
    ).fetchall():
        existing.setdefault(table_name, {})[column] = kind
    for table in wanted_tables.tables.values():
        wanted = {column.name: duckdb_type(table, column.name) for column in table.columns}
        if table.name not in existing:
            con.execute(_create_table(con, table, wanted))
        elif existing[table.name] != wanted:
            raise UserError(
                _how_table_differs(schema, table.name, existing[table.name], wanted, remedy)
            )
    return not existing


def _create_table(con: duckdb.DuckDBPyConnection, table: Table, columns: Mapping[str, str]) -> str:
    definitions = ", ".join(
        f"{quote(name)} {kind}{'' if table.columns[name].nullable else ' NOT NULL'}"
        for name, kind in columns.items()
    )
    return f"CREATE TABLE {qualified(con, str(table.schema), table.name)} ({definitions})"


def _how_table_differs(
    schema: str, table: str, found: Mapping[str, str], wanted: Mapping[str, str], remedy: str
) -> str:
    return (
        f"The table {schema}.{table} has other columns than this version of tutormax expects "
        f"({how_columns_differ(found, wanted)}); {remedy}."
    )


def how_columns_differ(found: Mapping[str, object], wanted: Mapping[str, object]) -> str:
    """How the columns `found` differ from those wanted, by name and type; empty if equal."""
    differences = [
        *(f"{name} is missing" for name in wanted if name not in found),
        *(f"{name} is unknown" for name in found if name not in wanted),
        *(
            f"{name} is {found[name]} and should be {kind}"
            for name, kind in wanted.items()
            if found.get(name, kind) != kind
        ),
    ]
    return "; ".join(differences)
