"""Synthetic raw rows, cut by arrival: a history, the hour after it, and the day after that."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import duckdb
from commands import CLI, run

END = dt.date(2026, 1, 31)
"""The generator's end date. The history ends at 15:00 UTC two days before, so that the hour is one
of the busy ones and the day is whole."""

TABLES = ("tutors", "students", "sessions", "student_feedback", "tutor_events", "interventions")
UPDATED = ("tutors", "students", "interventions")
"""The generator writes only the last version of these: the first is made up from it, as of its
creation, so that a tutor does not arrive months after the sessions."""


@dataclass(frozen=True)
class Arrivals:
    """Folders of Parquet files to load one after the other, and the rows in each."""

    folders: dict[str, Path]
    rows: dict[str, int]


def arrive(folder: Path, days: int, volume: int) -> Arrivals:
    """Generate `days` days of history at a multiple of the default volume, and what comes next."""
    raw = folder / "generated"
    run(
        [
            *(CLI, "generate", "--out", str(raw), "--days", str(days + 2)),
            *("--tutors", str(450 * volume), "--sessions-per-day", str(3000 * volume)),
            *("--end-date", END.isoformat(), "--dirt", "0.002"),
        ],
        {},
    )
    cut = dt.datetime.combine(END - dt.timedelta(days=2), dt.time(15), dt.UTC)
    hour, day = cut + dt.timedelta(hours=1), cut + dt.timedelta(hours=25)
    spans = {
        "history": (dt.datetime(1, 1, 1, tzinfo=dt.UTC), cut),
        "hour": (cut, hour),
        "day": (hour, day),
    }
    folders, rows = {}, {}
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        for name, span in spans.items():
            folders[name] = folder / name
            folders[name].mkdir()
            rows[name] = sum(_write(con, raw, folders[name], table, span) for table in TABLES)
    for file in raw.iterdir():
        file.unlink()
    return Arrivals(folders, rows)


def _write(
    con: duckdb.DuckDBPyConnection,
    raw: Path,
    out: Path,
    table: str,
    span: tuple[dt.datetime, dt.datetime],
) -> int:
    versions = f"select * from '{raw / table}.parquet'"
    if table in UPDATED:
        versions += f""" union all by name
            select * replace (
                created_at as updated_at,
                created_at + (_loaded_at - updated_at) as _loaded_at
            )
            from '{raw / table}.parquet'
            where updated_at > created_at"""
    first, last = (f"timestamptz '{instant.isoformat()}'" for instant in span)
    arrived = (
        f"from ({versions}) as versions where _loaded_at >= {first} and _loaded_at < {last} "
        "order by _loaded_at"
    )
    counted = con.execute(f"copy (select * {arrived}) to '{out / table}.parquet'").fetchall()
    return int(counted[0][0])
