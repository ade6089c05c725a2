"""A folder of files for `tutormax load`, and the warehouse that they go into."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tutormax.schema import metadata

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
STUDENT = {"student_id": "s1", "name": "Ann"}
EVENT = {
    "event_id": "e1",
    "tutor_id": "t1",
    "event_type": "login",
    "event_timestamp": "2026-01-31 12:00:00",
}
TUTOR = {
    "tutor_id": "t1",
    "name": "Ann",
    "email": "ann@example.org",
    "onboarding_date": "2026-01-31",
    "status": "active",
}
SESSION = {
    "session_id": "x1",
    "tutor_id": "t1",
    "student_id": "s1",
    "session_number": 1,
    "scheduled_start": "2026-01-31 12:00:00",
    "duration_minutes": 60,
    "subject": "Math",
    "session_type": "group",
    "no_show": False,
}


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    def counts(self) -> dict[str, tuple[int, int, int]]:
        """The printed table: read, loaded, unreadable by table."""
        rows = [line.split() for line in self.out.splitlines()]
        return {
            row[0]: (int(row[1]), int(row[2]), int(row[3]))
            for row in rows
            if len(row) == 4 and row[1].isdigit()
        }


class Trial:
    """A directory to load and a warehouse to load it into, through the real command line."""

    def __init__(self, folder: Path, run: Callable[[list[str]], Outcome]) -> None:
        self.files = folder / "files"
        self.files.mkdir()
        self.database = folder / "made" / "here" / "warehouse.duckdb"
        self._run = run

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.files / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def write_json(self, name: str, rows: Any) -> Path:
        return self.write(name, json.dumps(rows))

    def write_csv(self, name: str, rows: list[dict[str, Any]]) -> Path:
        path = self.files / name
        with path.open("w", newline="", encoding="utf-8") as text:
            writer = csv.DictWriter(text, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    def load(self, *arguments: str) -> Outcome:
        outcome = self._run(["load", str(self.files), *arguments])
        assert "Traceback" not in outcome.out + outcome.err
        return outcome

    def loaded(self) -> Outcome:
        outcome = self.load()
        assert outcome.code == 0, outcome.err
        for read, loaded, unreadable in outcome.counts().values():
            assert read == loaded + unreadable
        return outcome

    def refused(self, *arguments: str) -> str:
        """The sentence with which the load stopped."""
        outcome = self.load(*arguments)
        assert outcome.code == 1
        assert outcome.out == ""
        assert outcome.err.startswith("Error: ")
        assert len(outcome.err.splitlines()) == 1
        return outcome.err.strip()

    def rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database)) as con:
            con.execute("SET TimeZone = 'UTC'")
            return con.execute(
                f'SELECT {columns} FROM "warehouse"."raw"."{table}" ORDER BY ALL'
            ).fetchall()

    def value(self, table: str, column: str) -> Any:
        ((value,),) = self.rows(table, column)
        return value

    def errors(self) -> list[str]:
        return [row[0] for row in self.rows("unreadable_rows", "error")]

    def total(self) -> int:
        return sum(len(self.rows(table.name)) for table in metadata.tables.values())


TUTORS: list[dict[str, Any]] = [
    {
        **TUTOR,
        "onboarding_date": NOON,
        "subjects": ["Math", "a, b", 'quote " and \\ here', "{x}", None, ""],
        "baseline_sessions_per_week": 2.5,
        "updated_at": NOON + timedelta(microseconds=1),
        "_loaded_at": NOON,
    },
    {
        **TUTOR,
        "name": 'Zoé "Z",\nof two lines',
        "onboarding_date": NOON,
        "subjects": [],
        "baseline_sessions_per_week": None,
        "updated_at": None,
        "_loaded_at": NOON,
    },
]
EVENTS: list[dict[str, Any]] = [
    {**EVENT, "event_timestamp": NOON, "metadata": {"a": [1, 2], "b": {"c": 'x"y'}}},
    {**EVENT, "event_timestamp": NOON, "metadata": {"a": [3], "b": {"c": "é"}}},
]


FORMS = ["parquet", "csv", "csv with literals", "jsonl", "json", "json with a mark and CRLF"]


TEXT_FORMS = ["csv", "json", "parquet"]


def parquet_bytes(rows: list[dict[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return bytes(sink.getvalue())


def as_array_literal(values: list[str | None]) -> str:
    def element(value: str | None) -> str:
        if value is None:
            return "NULL"
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    return "{" + ",".join(map(element, values)) + "}"


def as_plain(value: Any, arrays: Callable[[list[str | None]], str] | None = None) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list) and arrays is not None:
        return arrays(value)
    return value


def write_rows(trial: Trial, table: str, rows: list[dict[str, Any]], form: str) -> None:
    for old in trial.files.glob(f"{table}.*"):
        old.unlink()
    if form == "parquet":
        trial.write(f"{table}.parquet", parquet_bytes(rows))
        return
    notations: dict[str, Callable[[list[str | None]], str]] = {
        "csv": json.dumps,
        "csv with literals": as_array_literal,
    }
    arrays = notations.get(form)
    plain = [{name: as_plain(value, arrays) for name, value in row.items()} for row in rows]
    if arrays is not None:
        for row in plain:
            if "metadata" in row:
                row["metadata"] = json.dumps(row["metadata"])
        trial.write_csv(f"{table}.csv", plain)
    elif form == "jsonl":
        trial.write(f"{table}.jsonl", "".join(json.dumps(row) + "\n" for row in plain))
    elif form == "json with a mark and CRLF":
        text = json.dumps(plain, indent=2, ensure_ascii=False).replace("\n", "\r\n")
        trial.write(f"{table}.json", b"\xef\xbb\xbf" + text.encode())
    else:
        trial.write_json(f"{table}.json", plain)


def load_one(trial: Trial, table: str, row: dict[str, Any], form: str) -> None:
    write_rows(trial, table, [row], form)
    trial.loaded()
