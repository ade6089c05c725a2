"""`tutormax subject-access`: everything that the warehouse holds about one person, in two files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Annotated, Any

import duckdb
import psycopg2
import typer

from tutormax.errors import UserError
from tutormax.operations.erasing import Person
from tutormax.operations.project import refuse_prefix
from tutormax.operations.transaction import (
    ARCHIVE,
    INTERMEDIATE,
    PUBLISHED,
    RAW,
    SCHEMAS,
    STAGING,
    Relation,
    Transaction,
    in_duckdb,
    in_postgres,
    literal,
)
from tutormax.options import TargetOption
from tutormax.private import private_files, refuse_link
from tutormax.warehouse import Target, connect_duckdb, connect_postgres, first_line, place_of

DATA, PAGE = "person.json", "index.html"
ORDER = (PUBLISHED, RAW, ARCHIVE, STAGING, INTERMEDIATE)
"""What people can read first comes first."""

STYLE = (
    "body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto }"
    " table { border-collapse: collapse; margin: 0 0 1em } td { overflow-wrap: anywhere }"
    " th { text-align: left; font-weight: 500; vertical-align: top; padding-right: 1em }"
)

Rows = list[dict[str, Any]]


def subject_access(
    person: Annotated[Person, typer.Argument(help="Who it is.", show_default=False)],
    identifier: Annotated[
        str, typer.Argument(metavar="ID", help="The tutor_id or student_id.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="The folder for the two files.", show_default=False)],
    target: TargetOption = Target.DUCKDB,
) -> None:
    """Write everything about a tutor or student, from raw to predictions, as JSON and as a page.

    Rows of other people that mention the person are not in it. Only you can read the files.
    """
    refuse_prefix(target)
    _prepare(out)
    with _reading(target) as tx:
        held = rows_about(tx, person, identifier)
        told = _descriptions(tx)
    if not held:
        raise UserError(f"There is no {person.value} '{identifier}' in {place_of(target)}.")
    about = {"person": person.value, "id": identifier, "tables": held}
    _write(out / DATA, json.dumps(about, indent=2, ensure_ascii=False, default=str) + "\n")
    _write(out / PAGE, _page(person, identifier, held, told))
    rows = sum(map(len, held.values()))
    typer.echo(
        f"{rows} rows of {len(held)} tables about the {person.value} {identifier} are in "
        f"{out / DATA} and {out / PAGE}."
    )


def rows_about(tx: Transaction, person: Person, identifier: str) -> dict[str, Rows]:
    """The rows of each table that are about a person, by schema and table; no empty ones."""
    held: dict[str, Rows] = {}
    relations = sorted(tx.columns, key=lambda one: (ORDER.index(one.schema), one.name))
    for relation in relations:
        condition = _is_about(tx, relation, person, identifier)
        if condition is None:
            continue
        columns = list(tx.columns[relation])
        rows = tx.rows(f"select * from {relation} where {condition} order by {_order(columns)}")
        if rows:
            held[f"{relation.schema}.{relation.name}"] = [
                dict(zip(columns, map(_value, row), strict=True)) for row in rows
            ]
    return held


def _is_about(tx: Transaction, relation: Relation, person: Person, identifier: str) -> str | None:
    """The condition of the rows that are about a person; none if no row of the table can be."""
    mine = literal(identifier)
    columns = tx.columns[relation]
    if person.key in columns:
        return f"{person.key} = {mine}"
    if "record" not in columns:
        return None
    json_type = "jsonb" if tx.target is Target.POSTGRES else "json"
    return f"cast(record as {json_type}) ->> '{person.key}' = {mine}"


def _order(columns: list[str]) -> str:
    """By what dates a row, then by all that sorts on both engines."""
    dates = [name for name in columns if name.endswith(("_date", "_day", "_at", "_start", "stamp"))]
    return ", ".join(f'"{name}"' for name in [*dates, columns[0]])


def _value(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


@contextmanager
def _reading(target: Target) -> Iterator[Transaction]:
    """A transaction that only reads."""
    try:
        if target is Target.DUCKDB:
            opened = connect_duckdb(read_only=True)
            try:
                yield in_duckdb(opened)
            finally:
                opened.close()
        else:
            session = connect_postgres()
            try:
                with session.cursor() as cursor:
                    yield in_postgres(cursor)
            finally:
                session.rollback()
                session.close()
    except (duckdb.Error, psycopg2.Error) as error:
        raise UserError(f"{place_of(target)} does not answer: {first_line(error)}") from error


def _descriptions(tx: Transaction) -> dict[tuple[str, str], str]:
    """What the warehouse's comments say of tables (column '') and columns."""
    listed = ", ".join(map(literal, SCHEMAS))
    if tx.target is Target.POSTGRES:
        sql = (
            "select nspname || '.' || relname, coalesce(attname, ''), description"
            " from pg_description inner join pg_class on objoid = pg_class.oid"
            " inner join pg_namespace on relnamespace = pg_namespace.oid"
            " left join pg_attribute on attrelid = objoid and attnum = objsubid and attnum > 0"
            f" where classoid = 'pg_class'::regclass and nspname in ({listed})"
        )
    else:
        sql = (
            "select schema_name || '.' || table_name, column_name, comment from duckdb_columns()"
            f" where schema_name in ({listed}) and comment is not null union all"
            " select schema_name || '.' || table_name, '', comment from duckdb_tables()"
            f" where schema_name in ({listed}) and comment is not null"
        )
    return {(table, column): " ".join(text.split()) for table, column, text in tx.rows(sql)}


def _page(
    person: Person, identifier: str, held: dict[str, Rows], told: dict[tuple[str, str], str]
) -> str:
    title = escape(f"What the warehouse holds about the {person.value} {identifier}")
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        f"<title>{title}</title><style>{STYLE}</style><h1>{title}</h1><ul>"
    ]
    parts += [f"<li><a href='#{name}'>{name}</a>: {len(rows)} rows" for name, rows in held.items()]
    parts.append("</ul>")
    for name, rows in held.items():
        parts.append(f"<h2 id='{name}'>{name}</h2><p>{_plain(told.get((name, ''), ''))}</p>")
        meanings = (
            f"<tr><th>{escape(column)}<td>{_plain(told.get((name, column), ''))}"
            for column in rows[0]
        )
        parts.append(
            f"<details><summary>Columns</summary><table>{''.join(meanings)}</table></details>"
        )
        for row in rows:
            cells = (
                f"<tr><th>{escape(column)}<td>{_cell(value)}"
                for column, value in row.items()
                if value is not None
            )
            parts.append(f"<table>{''.join(cells)}</table>")
    return "\n".join([*parts, "</html>\n"])


def _plain(text: str) -> str:
    return escape(text.replace("**", ""))


def _cell(value: Any) -> str:
    if isinstance(value, dict | list):
        return escape(json.dumps(value, ensure_ascii=False))
    return escape(str(value))


def _prepare(out: Path) -> None:
    """Make the folder before the work."""
    refuse_link(out, "--out")
    try:
        with private_files():
            out.mkdir(parents=True, exist_ok=True)
        for name in (DATA, PAGE):
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror}.") from error


def _write(path: Path, text: str) -> None:
    """Write a new file that nobody else may read."""
    try:
        with private_files(), path.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.") from error
