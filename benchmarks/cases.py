"""One warehouse, from a first build on a long history to a build with nothing new."""

from __future__ import annotations

import re
import tempfile
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg2
from arrivals import Arrivals
from builds import Build, dbt_build
from commands import Cost, apart
from engines import Engines
from loading import load
from replay import replay
from twin import beside_twin

PUBLISHED = (
    "tutors",
    "students",
    "sessions",
    "student_feedback",
    "tutor_events",
    "interventions",
    "tutor_performance_metrics",
)
STEPS = ("full", "hour", "day", "nothing")


@dataclass(frozen=True)
class Case:
    """An engine, the days of history, and how many times the default daily volume."""

    engine: str
    days: int
    volume: int


@dataclass(frozen=True)
class Measured:
    """A case and its builds by step; of DuckDB the seconds of the replay too, and `beside`.

    That is what `beside_twin` gives.
    """

    case: Case
    builds: dict[str, Build]
    loaded: Cost
    raw_rows: int
    published_rows: int
    metric_rows: int
    replayed: float | None
    beside: list[tuple[int, float, float]]


def parse_case(text: str) -> Case:
    """`duckdb:90` or `postgres:730` or `duckdb:90x10`."""
    match = re.fullmatch(r"(duckdb|postgres):([1-9][0-9]*)(?:x([1-9][0-9]*))?", text)
    if match is None:
        raise ArgumentTypeError(
            f"{text!r} is no case: write duckdb:90, postgres:730 or duckdb:90x10"
        )
    return Case(match[1], int(match[2]), int(match[3] or 1))


def measure(
    case: Case, arrivals: Arrivals, engines: Engines, say: Callable[[str], None]
) -> Measured:
    """Load and build step by step in a warehouse of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="tutormax-bench-") as name,
        engines.warehouse(case.engine, Path(name)) as env,
    ):
        folder = Path(name)
        label = f"{case.engine}, {case.days} days, {case.volume}x"
        say(f"{label}: loading {arrivals.rows['history']:,} rows")
        loaded = load(arrivals.folders["history"], env)
        builds, replayed = {}, None
        for step in STEPS:
            if step in arrivals.folders:
                load(arrivals.folders[step], env)
            say(f"{label}: build, {step}")
            builds[step] = dbt_build(folder, env)
            if step == "full" and case.engine == "duckdb":
                say(f"{label}: replay")
                replayed = apart(replay, folder, Path(env["TUTORMAX_DUCKDB_PATH"]))
        beside = []
        if case.engine == "duckdb":
            say(f"{label}: empty twin")
            beside = beside_twin(folder, env)
        rows = _published(env)
        return Measured(
            case,
            builds,
            loaded,
            arrivals.rows["history"],
            sum(rows.values()),
            rows["tutor_performance_metrics"],
            replayed,
            beside,
        )


def _published(env: dict[str, str]) -> dict[str, int]:
    query = " union all ".join(
        f"select '{table}', count(*) from tutormax.{table}" for table in PUBLISHED
    )
    if env["TUTORMAX_TARGET"] == "duckdb":
        with duckdb.connect(env["TUTORMAX_DUCKDB_PATH"], read_only=True) as con:
            return dict(con.execute(query).fetchall())
    connection = psycopg2.connect(
        host=env["TUTORMAX_PG_HOST"],
        port=env["TUTORMAX_PG_PORT"],
        user=env["TUTORMAX_PG_USER"],
        password=env["TUTORMAX_PG_PASSWORD"],
        dbname=env["TUTORMAX_PG_DATABASE"],
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return dict(cursor.fetchall())
    finally:
        connection.close()
