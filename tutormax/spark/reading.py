"""Spark's tables as DuckDB views over their Parquet files, without Java."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import yaml

from tutormax.load.columns import names
from tutormax.load.files import duckdb_literal
from tutormax.operations.project import project_folder
from tutormax.schema import RAW_SCHEMA, metadata
from tutormax.warehouse import duckdb_type, quote, spark_directory


def connect_spark() -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory, in UTC, with views of the tables as they are now.

    The schema `raw` has all raw tables; each database of Spark is a schema with its name. Tables
    without rows are included only if they have a contract. Spark's views have no files and are
    missing.
    """
    directory = spark_directory()
    con = duckdb.connect(config={"temp_directory": str(directory / "tmp" / "duckdb")})
    con.execute("SET TimeZone = 'UTC'")
    _show_schema(con, RAW_SCHEMA)
    for table in metadata.tables.values():
        columns = {name: _spark_type(duckdb_type(table, name)) for name in names(table)}
        _show_table(con, RAW_SCHEMA, directory / RAW_SCHEMA / table.name, columns)
    for database in sorted((directory / "warehouse").glob("*.db")):
        # Not the raw tables, which are elsewhere.
        if database.stem == RAW_SCHEMA:
            continue
        _show_schema(con, database.stem)
        for folder in sorted(database.iterdir()):
            _show_table(con, database.stem, folder, _promised_columns(folder.name))
    return con


def _show_schema(con: duckdb.DuckDBPyConnection, name: str) -> None:
    con.execute(f"CREATE SCHEMA {quote(name)}")


def _show_table(
    con: duckdb.DuckDBPyConnection, schema: str, folder: Path, columns: Mapping[str, str]
) -> None:
    """Create a view of a table's files or, without files, of its `columns` without rows."""
    files = _files(folder)
    if files:
        # Older files may lack new columns.
        rows = (
            f"SELECT * FROM read_parquet([{', '.join(map(duckdb_literal, files))}], "
            "hive_partitioning = true, union_by_name = true)"
        )
    elif columns:
        nulls = ", ".join(f"NULL::{kind} AS {quote(name)}" for name, kind in columns.items())
        rows = f"SELECT {nulls} LIMIT 0"
    else:
        return
    con.execute(f"CREATE VIEW {quote(schema)}.{quote(folder.name)} AS {rows}")


def _files(folder: Path) -> Sequence[Path]:
    """The files that Spark reads: no part of the path begins with a dot or underscore."""
    return sorted(
        file
        for file in folder.rglob("*.parquet")
        if not any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
    )


def _promised_columns(model: str) -> dict[str, str]:
    """The columns of a published model by its contract; none if it has no contract."""
    contract = project_folder() / "contracts" / f"{model}.odcs.yaml"
    if not contract.exists():
        return {}
    (schema,) = yaml.safe_load(contract.read_text())["schema"]
    return {column["name"]: _spark_type(column["physicalType"]) for column in schema["properties"]}


def _spark_type(name: str) -> str:
    # Spark stores JSON as text.
    return "VARCHAR" if name.upper() in ("JSON", "JSONB") else name
