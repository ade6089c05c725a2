"""What is left of a person outside of the tables: copies, files, and bytes of the database."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import psycopg2

from tutormax.errors import UserError
from tutormax.operations.mentions import Mentions, folded, is_distinctive, without_escapes
from tutormax.operations.redaction import may_mention
from tutormax.operations.transaction import SCHEMAS, Transaction, literal
from tutormax.private import folders_of_dbt, private_files
from tutormax.warehouse import (
    Target,
    connect_duckdb,
    connect_postgres,
    duckdb_path,
    first_line,
    quote,
)

_DATA = Path("data")
"""Where people put files to load; never changed here."""

_CHUNK = 1 << 24
_OVERLAP = 1 << 12


def copies(tx: Transaction, mentions: Mentions) -> list[str]:
    """The tables in other schemas that hold the person, such as developers' copies."""
    found = []
    for schema, table, columns in _other_tables(tx):
        relation = f"{quote(schema)}.{quote(table)}"
        for column in columns:
            text = f"cast({quote(column)} as varchar)"
            if column == mentions.key:
                is_there = f"{text} = {literal(mentions.identifier)}"
                if tx.value(f"select exists (select 1 from {relation} where {is_there})"):
                    found.append(f"{schema}.{table}")
                    break
            rows = tx.rows(
                f"select distinct {text} from {relation} "
                f"where {text} is not null and {may_mention(tx, mentions, text)}"
            )
            if any(mentions.redacted(value) != value for (value,) in rows):
                found.append(f"{schema}.{table}")
                break
    return found


def _other_tables(tx: Transaction) -> Iterator[tuple[str, str, list[str]]]:
    """Tables of other schemas that we may read, with their columns of text, arrays and JSON."""
    ours = ", ".join(map(literal, SCHEMAS))
    sql = (
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where database_name = current_database() and not internal "
        f"and schema_name not in ({ours}) and (data_type like '%VARCHAR%' or data_type = 'JSON') "
        "and table_oid in (select table_oid from duckdb_tables()) order by 1, 2, 3"
    )
    if tx.target is Target.POSTGRES:
        sql = (
            "select nspname, relname, attname from pg_attribute "
            "inner join pg_class on attrelid = pg_class.oid "
            "inner join pg_namespace on relnamespace = pg_namespace.oid "
            "where relkind in ('r', 'm') and attnum > 0 and not attisdropped "
            "and format_type(atttypid, null) in "
            "('text', 'character varying', 'text[]', 'character varying[]', 'json', 'jsonb') "
            "and nspname not in ('pg_catalog', 'information_schema') "
            f"and nspname not like 'pg\\_t%' and nspname not in ({ours}) "
            "and has_schema_privilege(pg_namespace.oid, 'usage') "
            "and has_table_privilege(pg_class.oid, 'select') "
            "and (relkind = 'r' or relispopulated) order by 1, 2, 3"
        )
    tables: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in tx.rows(sql):
        tables.setdefault((schema, table), []).append(column)
    for (schema, table), columns in tables.items():
        yield schema, table, columns


def files(mentions: Mentions) -> tuple[list[Path], list[Path]]:
    """The logs and pages that hold the person, and the files of data that may."""
    ours = [*folders_of_dbt(), Path("target")]
    sought = _sought(mentions)
    made = {file.resolve() for folder in ours for file in _below(folder) if _holds(file, sought)}
    warehouse = duckdb_path().resolve()
    data = [
        file
        for file in _below(_DATA)
        if not file.resolve().is_relative_to((_DATA / "postgres").resolve())
        and not file.name.startswith(warehouse.name)
    ]
    return sorted(made), sorted(data)


def _sought(mentions: Mentions) -> re.Pattern[str]:
    """What shows in folded text that a file has the person; an id such as 7 only in quotes."""
    found = [pattern.pattern for pattern, _ in mentions.patterns]
    found += [re.escape(folded(name)) for name in mentions.names if is_distinctive(name)]
    if not is_distinctive(mentions.identifier):
        identifier = re.escape(folded(mentions.identifier))
        found.append(f"(['\"]){identifier}\\1")
    return re.compile("|".join(f"(?:{one})" for one in found))


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and not path.is_symlink():
            yield path


def _holds(file: Path, sought: re.Pattern[str]) -> bool:
    kept = b""
    try:
        with file.open("rb") as opened:
            while chunk := opened.read(_CHUNK):
                text = (kept + chunk).decode(errors="replace")
                forms = {text, without_escapes(text), html.unescape(text)}
                if any(sought.search(folded(form)) for form in forms):
                    return True
                kept = chunk[-_OVERLAP:]
    except OSError:
        return True
    return False


def forget_bytes(target: Target, tables: Iterable[str]) -> None:
    """Take what was deleted out of the DuckDB file; vacuum and analyze tables on PostgreSQL.

    Raises:
        UserError: the person is erased, but what was deleted is still in the file.
    """
    try:
        if target is Target.DUCKDB:
            with private_files():
                _rewrite()
        else:
            _vacuum(tables)
    except (UserError, duckdb.Error, psycopg2.Error, OSError) as error:
        why = first_line(error).rstrip(".")
        raise UserError(
            f"The person is erased from all tables, but not yet from the storage: {why}. "
            "Run `tutormax erase --returned` to try that again."
        ) from error


def _rewrite() -> None:
    """Copy the file without its free blocks, and put the copy in its place."""
    path = duckdb_path().resolve()
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    connection = connect_duckdb(path)
    try:
        (name, version) = connection.execute(
            "select database_name, tags['storage_version'] from duckdb_databases() "
            "where database_name = current_database()"
        ).fetchall()[0]
        version = str(version).partition("+")[0].partition(" ")[0]
        storage = f" (storage_version {literal(version)})" if version.startswith("v") else ""
        connection.execute(f"attach {literal(str(new))} as rewritten{storage}")
        connection.execute(f"copy from database {quote(name)} to rewritten")
        connection.execute("detach rewritten")
        new.chmod(path.stat().st_mode & 0o7777)
        new.replace(path)
    finally:
        connection.close()
        for left in (new, new.with_name(f"{new.name}.wal")):
            left.unlink(missing_ok=True)


def _vacuum(tables: Iterable[str]) -> None:
    connection = connect_postgres()
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for table in tables:
                schema, _, name = table.partition(".")
                cursor.execute(f"vacuum (analyze) {quote(schema)}.{quote(name)}")
    finally:
        connection.close()
