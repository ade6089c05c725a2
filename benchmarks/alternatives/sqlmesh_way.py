"""The same models on SQLMesh: what dbt compiled of them, as models of kind FULL.

SQLMesh reads dbt projects, but knows neither this one's strategy nor its hooks. It wants another
DuckDB, so it runs in an environment of its own and gets the tables as Parquet files.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import duckdb

CONFIG = """
gateways:
  local:
    connection: {{type: duckdb, catalogs: {{warehouse: '{file}'}}}}
    state_connection: {{type: duckdb, database: '{state}'}}
default_gateway: local
disable_anonymized_analytics: true
model_defaults: {{dialect: duckdb, start: '2026-01-31'}}
"""
TAKE_IN = """
import sys, duckdb
with duckdb.connect(sys.argv[1]) as con:
    con.execute("set timezone = 'UTC'")
    for line in open(sys.argv[2]):
        con.execute(line)
"""
TABLE = re.compile(r'"warehouse"\."(\w+)"\."(\w+)"')
NAME = r"warehouse.\1.\2"


def run_sqlmesh(
    environment: Path, con: duckdb.DuckDBPyConnection, compiled: dict[str, Path], folder: Path
) -> tuple[float, Path]:
    """Make the models' tables; gives the seconds of `sqlmesh plan` and a file of the last's rows.

    `environment` is a virtual environment with SQLMesh, `compiled` the SQL by schema and name, in
    the order of the models. Exits if SQLMesh fails.
    """
    (folder / "models").mkdir(parents=True)
    file, takes = folder / "warehouse.duckdb", folder / "take_in.sql"
    texts = {name: path.read_text() for name, path in compiled.items()}
    given = {
        ".".join(found)
        for text in texts.values()
        for found in TABLE.findall(text)
        if ".".join(found) not in compiled
    }
    lines = []
    for table in sorted(given):
        parquet = folder / f"{table}.parquet"
        con.execute(f"copy (from {table}) to '{parquet}'")
        lines.append(f"create schema if not exists {table.split('.')[0]}")
        lines.append(f"create table {table} as from '{parquet}'")
    takes.write_text("\n".join(lines))
    _run([environment / "bin/python", "-c", TAKE_IN, file, takes], folder)
    (folder / "config.yaml").write_text(CONFIG.format(file=file, state=folder / "state.duckdb"))
    for name, text in texts.items():
        model = f"MODEL (name {name}, kind FULL);\n\n{TABLE.sub(NAME, text)}"
        (folder / "models" / f"{name}.sql").write_text(model)
    start = time.perf_counter()
    _run([environment / "bin/sqlmesh", "plan", "--auto-apply", "--no-prompts"], folder)
    seconds = time.perf_counter() - start
    last = folder / "last.parquet"
    takes.write_text(f"copy (from {name}) to '{last}'")
    _run([environment / "bin/python", "-c", TAKE_IN, file, takes], folder)
    return seconds, last


def _run(command: list[str | Path], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{(done.stdout + done.stderr)[-3000:]}")
