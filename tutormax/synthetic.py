"""The mark of a warehouse that holds the synthetic sample: a comment on a table of raw."""

from __future__ import annotations

from contextlib import closing
from enum import StrEnum

from tutormax.errors import UserError
from tutormax.schema import RAW_SCHEMA
from tutormax.warehouse import (
    RawTarget,
    connect_duckdb,
    connect_postgres,
    duckdb_path,
)

LABEL = "Synthetic sample data"

_MARK = f"comment on table {RAW_SCHEMA}.tutors is '{LABEL}'"
_MARK_ON_DUCKDB = (
    "select comment from duckdb_tables() where database_name = current_database() "
    f"and schema_name = '{RAW_SCHEMA}' and table_name = 'tutors'"
)
# By name, for accounts that may not use the schema.
_MARK_ON_POSTGRES = (
    "select obj_description(pg_class.oid, 'pg_class') from pg_class inner join pg_namespace "
    f"on pg_namespace.oid = relnamespace where nspname = '{RAW_SCHEMA}' and relname = 'tutors'"
)


def mark_as_sample(target: RawTarget) -> None:
    """Say in the warehouse that it holds the sample; files of Spark cannot say so."""
    if target is RawTarget.POSTGRES:
        with closing(connect_postgres()) as server, server, server.cursor() as cursor:
            cursor.execute(_MARK)
    elif target is RawTarget.DUCKDB:
        with connect_duckdb() as duck:
            duck.execute(_MARK)


def holds_sample(target: StrEnum) -> bool:
    """Whether the warehouse says that it holds the sample."""
    if target == RawTarget.POSTGRES:
        with closing(connect_postgres(reads=True)) as server, server, server.cursor() as cursor:
            cursor.execute(_MARK_ON_POSTGRES)
            return cursor.fetchall() == [(LABEL,)]
    if target == RawTarget.SPARK or not duckdb_path().exists():
        return False
    with connect_duckdb(read_only=True) as duck:
        return duck.execute(_MARK_ON_DUCKDB).fetchall() == [(LABEL,)]


def refuse_sample(target: RawTarget) -> None:
    """Refuse to mix rows with those of the sample.

    Raises:
        UserError: the warehouse holds the sample.
    """
    if holds_sample(target):
        raise UserError(
            "This warehouse holds the synthetic sample, and your rows would be mixed with it: make "
            'one of your own with `eval "$(tutormax init)"`, or pass --add-to-sample.'
        )
