"""`tutormax sample`: loads synthetic data into an empty warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import duckdb
import psycopg2
import typer

from tutormax.generate.command import generate
from tutormax.load.command import load
from tutormax.options import RawTargetOption
from tutormax.schema import RAW_SCHEMA, metadata
from tutormax.spark.reading import connect_spark
from tutormax.synthetic import mark_as_sample
from tutormax.warehouse import RawTarget, connect_duckdb, connect_postgres, duckdb_path

DIRT = 0.002
"""The share of rows spoiled on purpose, to show what is refused and why."""


def sample(
    target: RawTargetOption = RawTarget.DUCKDB,
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("data/raw"),
    days: Annotated[int, typer.Option(help="UTC days of data.")] = 90,
    tutors: Annotated[int, typer.Option(help="Tutors in the file.")] = 450,
    sessions_per_day: Annotated[int, typer.Option(help="Mean number of sessions a day.")] = 3000,
) -> None:
    """Generate synthetic data and load it, unless raw holds rows already."""
    if not is_raw_empty(target):
        typer.echo(f"Raw holds rows already on {target.value}: no sample was loaded.")
        return
    generate(
        out=out, days=days, tutors=tutors, sessions_per_day=sessions_per_day, seed=0, dirt=DIRT
    )
    load(out, target, add_to_sample=True)
    mark_as_sample(target)


def is_raw_empty(target: RawTarget) -> bool:
    """Whether raw has no rows or no tables."""
    looks = [f"select 1 from {RAW_SCHEMA}.{table.name} limit 1" for table in metadata.sorted_tables]
    if target is RawTarget.POSTGRES:
        return _is_empty_on_postgres(looks)
    if target is RawTarget.DUCKDB and not duckdb_path().exists():
        return True
    with connect_spark() if target is RawTarget.SPARK else connect_duckdb(read_only=True) as duck:
        try:
            return not any(duck.execute(look).fetchall() for look in looks)
        except duckdb.CatalogException:
            return True


def _is_empty_on_postgres(looks: Sequence[str]) -> bool:
    server = connect_postgres(reads=True)
    try:
        with server, server.cursor() as cursor:
            for look in looks:
                cursor.execute(look)
                if cursor.fetchone():
                    return False
        return True
    except psycopg2.errors.UndefinedTable:
        return True
    finally:
        server.close()
