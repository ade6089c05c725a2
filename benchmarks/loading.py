"""`tutormax load` from each format into each engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
from arrivals import TABLES
from commands import CLI, Cost, apart, run
from engines import Engines

LISTS = {
    "tutors": "subjects",
    "students": "subjects_interested",
    "student_feedback": "improvement_areas",
}
FORMATS = ("parquet", "csv", "jsonl")


@dataclass(frozen=True)
class Load:
    """One load, start of the command included."""

    engine: str
    format: str
    rows: int
    cost: Cost


def load(folder: Path, env: dict[str, str]) -> Cost:
    """Load a folder into the warehouse that `env` names."""
    return run([CLI, "load", str(folder), "--target", env["TUTORMAX_TARGET"]], env)


def measure_loads(
    history: Path, rows: int, engines: Engines, names: list[str], folder: Path
) -> list[Load]:
    """Load the same rows from each format into each of the engines, each time anew."""
    loads = []
    for file_format in FORMATS:
        files = (
            history if file_format == "parquet" else apart(converted, history, file_format, folder)
        )
        for engine in names:
            with engines.warehouse(engine, folder) as env:
                loads.append(Load(engine, file_format, rows, load(files, env)))
    return loads


def converted(history: Path, file_format: str, folder: Path) -> Path:
    """The rows of a history in another format: CSV or JSON lines."""
    files = folder / file_format
    files.mkdir()
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        for table in TABLES:
            columns, options = "*", "format json"
            if file_format == "csv":
                options = "format csv, header"
                if table in LISTS:
                    columns = f"* replace (to_json({LISTS[table]}) as {LISTS[table]})"
            con.execute(
                f"copy (select {columns} from '{history / table}.parquet') "
                f"to '{files / table}.{file_format}' ({options})"
            )
    return files
