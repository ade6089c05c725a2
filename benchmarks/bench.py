"""Measures builds of generated data on DuckDB: `make bench`.

For each length of history: a first build and a build with nothing new, as a user would run them;
the seconds dbt gives its models; the same compiled SQL replayed on one connection; peak memory.
Everything in one run on one machine: compare the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PUBLISHED = (
    "tutors",
    "students",
    "sessions",
    "student_feedback",
    "tutor_events",
    "interventions",
    "tutor_performance_metrics",
)


@dataclass(frozen=True)
class Build:
    """One `dbt build`: seconds of everything and of models, peak memory in MiB, rows by table."""

    wall: float
    models: float
    metrics: float
    peak: float


def run(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """Run a command to its end; its wall seconds and peak memory in MiB. Exits if it fails."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=PROJECT, env=env, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        if status:
            output.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{output.read().decode()[-4000:]}")
    unit = 1 if sys.platform == "darwin" else 1024
    return wall, usage.ru_maxrss * unit / 2**20


def dbt_build(folder: Path, env: dict[str, str]) -> Build:
    wall, peak = run([str(BIN / "dbt"), "build"], env)
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    seconds = {
        result["unique_id"]: result["execution_time"]
        for result in results
        if result["unique_id"].startswith("model.")
    }
    metrics = sum(
        value
        for name, value in seconds.items()
        if "int_activity" in name or name.endswith("tutor_performance_metrics")
    )
    return Build(wall, sum(seconds.values()), metrics, peak)


def replay(folder: Path, warehouse: Path) -> float:
    """Seconds of the compiled SQL of every model, run one after the other on one connection.

    The results go to a database of their own; what a model reads is what dbt built.
    """
    manifest = json.loads((folder / "target" / "manifest.json").read_text())
    models = {
        name: node
        for name, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["package_name"] == "tutormax"
    }
    seconds = 0.0
    with duckdb.connect(str(warehouse)) as con:
        con.execute(f"set threads = {os.cpu_count()}")
        con.execute("set timezone = 'UTC'")
        con.execute(f"attach '{folder / 'replay.duckdb'}' as replay")
        for node in models.values():
            source = Path(folder / "target" / "compiled" / "tutormax" / node["original_file_path"])
            start = time.perf_counter()
            con.execute(f"create table replay.{node['name']} as {source.read_text()}")
            seconds += time.perf_counter() - start
    return seconds


def measure(days: int, tutors: int, sessions: int, console: Console) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="tutormax-bench-") as name:
        folder = Path(name)
        warehouse = folder / "warehouse.duckdb"
        env = os.environ | {
            "TUTORMAX_DUCKDB_PATH": str(warehouse),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "TUTORMAX_TARGET": "duckdb",
        }
        cli = str(BIN / "tutormax")
        console.print(f"{days} days: generating", style="dim")
        generated, _ = run(
            [
                *(cli, "generate", "--out", str(folder / "raw"), "--days", str(days)),
                *("--tutors", str(tutors), "--sessions-per-day", str(sessions)),
                *("--end-date", "2026-01-31", "--dirt", "0.002"),
            ],
            env,
        )
        loaded, _ = run([cli, "load", str(folder / "raw")], env)
        console.print(f"{days} days: building", style="dim")
        first = dbt_build(folder, env)
        again = dbt_build(folder, env)
        replayed = replay(folder, warehouse)
        with duckdb.connect(str(warehouse), read_only=True) as con:
            rows = {
                table: int(con.execute(f"select count(*) from tutormax.{table}").fetchall()[0][0])
                for table in PUBLISHED
            }
        total = sum(rows.values())
        return [
            f"{days}",
            f"{total:,}",
            f"{rows['tutor_performance_metrics']:,}",
            f"{generated:.1f}",
            f"{loaded:.1f}",
            f"{first.wall:.1f}",
            f"{first.models:.1f}",
            f"{first.metrics:.1f}",
            f"{total / first.models:,.0f}",
            f"{first.models / replayed:.2f}",
            f"{again.wall:.1f}",
            f"{again.models:.1f}",
            f"{first.peak:,.0f}",
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, nargs="+", default=[90, 365, 730])
    parser.add_argument("--tutors", type=int, default=450)
    parser.add_argument("--sessions-per-day", type=int, default=3000)
    arguments = parser.parse_args()
    console = Console(width=170)
    table = Table(title="dbt build on DuckDB, synthetic data; seconds")
    for column in (
        "days",
        "published rows",
        "metric rows",
        "generate",
        "load",
        "build",
        "models",
        "metric models",
        "rows/s of models",
        "models / replay",
        "again",
        "models again",
        "peak MiB",
    ):
        table.add_column(column, justify="right")
    for days in arguments.days:
        table.add_row(*measure(days, arguments.tutors, arguments.sessions_per_day, console))
    console.print(table)
    console.print(
        f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, DuckDB {duckdb.__version__}"
    )


if __name__ == "__main__":
    main()
