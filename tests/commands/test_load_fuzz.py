"""`tutormax load` of random folders: all or nothing, nothing changed in silence, engines alike."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Context, Decimal
from itertools import cycle
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from psycopg2.extras import register_default_jsonb
from sqlalchemy import make_url

from support.load_cells import UNREADABLE
from support.load_folders import Part, folders, write
from support.load_trial import Outcome, Trial
from tutormax.load.columns import Kind, kinds
from tutormax.schema import LOADED_AT, metadata, unreadable_rows

Raw = dict[str, Counter[str]]
OTHERS = ("postgres", "spark")
DEEP_SECONDS = 600


class Engines:
    """One folder to load, and the raw tables of each engine."""

    def __init__(self, trial: Trial, postgres_url: str, spark: Path) -> None:
        self.trial = trial
        self._spark = spark
        self._postgres = psycopg2.connect(postgres_url, options="-c TimeZone=UTC")
        self._postgres.autocommit = True
        register_default_jsonb(self._postgres, loads=str)

    def load(self, parts: list[Part], names: Iterable[str]) -> dict[str, Outcome]:
        self._empty()
        write(self.trial.files, parts)
        return {name: self.trial.load("--target", name) for name in names}

    def _empty(self) -> None:
        shutil.rmtree(self.trial.files)
        shutil.rmtree(self._spark, ignore_errors=True)
        self.trial.files.mkdir()
        self.trial.database.unlink(missing_ok=True)
        with self._postgres.cursor() as cursor:
            # Truncating a few rows takes longer.
            cursor.execute("; ".join(f"delete from {table}" for table in metadata.tables))

    def raw(self) -> dict[str, Callable[[], Raw]]:
        return {"duckdb": self._of_duckdb, "postgres": self._of_postgres, "spark": self._of_spark}

    def _of_duckdb(self) -> Raw:
        with duckdb.connect(str(self.trial.database)) as con:
            con.execute("set TimeZone = 'UTC'")
            return _read(lambda table: con.execute(f"from warehouse.{table}").fetchall())

    def _of_postgres(self) -> Raw:
        def rows(table: str) -> list[tuple[Any, ...]]:
            with self._postgres.cursor() as cursor:
                cursor.execute(f"select * from {table}")
                return cursor.fetchall()

        return _read(rows)

    def _of_spark(self) -> Raw:
        def rows(table: str) -> list[tuple[Any, ...]]:
            folder = self._spark / table.replace(".", "/")
            if not list(folder.glob("*.parquet")):
                return []
            with duckdb.connect() as con:
                con.execute("set TimeZone = 'UTC'")
                return con.execute(f"from read_parquet('{folder}/*.parquet')").fetchall()

        return _read(rows)


def _read(rows: Callable[[str], list[tuple[Any, ...]]]) -> Raw:
    held: Raw = {}
    for table in metadata.tables.values():
        columns = kinds(table)
        held[table.name] = Counter(
            _shown({n: v for n, v in zip(columns, row, strict=True) if n != LOADED_AT}, columns)
            for row in rows(f"raw.{table.name}")
        )
    return held


def _shown(row: dict[str, Any], columns: dict[str, Kind]) -> str:
    """A row as text that is the same for the same values, whichever engine has it."""
    return json.dumps(
        {n: _plain(row.get(n), kind) for n, kind in columns.items() if n != LOADED_AT}
    )


def _plain(value: Any, kind: Kind) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value + 0.0
    if kind is Kind.JSON and value is not None:
        document = (
            value[1]
            if isinstance(value, tuple)
            else json.loads(value, parse_float=Decimal, parse_int=Decimal)
        )
        return json.dumps(_numbers(document), sort_keys=True)
    return value


def _numbers(document: Any) -> Any:
    """A document with 1 and 1.0 alike, and all digits."""
    if isinstance(document, dict):
        return {key: _numbers(value) for key, value in document.items()}
    if isinstance(document, list):
        return [_numbers(value) for value in document]
    if isinstance(document, bool) or not isinstance(document, (int, float, Decimal)):
        return document
    number = Decimal(repr(document)) if isinstance(document, float) else Decimal(document)
    return f"number {Context(prec=2000).normalize(number or Decimal(0))}"


@pytest.fixture
def engines(
    trial: Trial, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engines]:
    url = make_url(postgres_url)
    for name, value in {
        "HOST": url.host,
        "PORT": url.port,
        "USER": url.username,
        "PASSWORD": url.password or "",
        "DATABASE": url.database,
    }.items():
        monkeypatch.setenv(f"TUTORMAX_PG_{name}", str(value))
    monkeypatch.setenv("TUTORMAX_SPARK_DIR", str(tmp_path / "spark"))
    yield Engines(trial, postgres_url, tmp_path / "spark")


def check(engines: Engines, parts: list[Part], others: Iterable[str] = OTHERS) -> None:
    """What must hold of every folder, on DuckDB and on other engines."""
    outcomes = engines.load(parts, ["duckdb", *others])
    found = {name: engines.raw()[name]() for name in outcomes} if _loaded(outcomes) else {}
    first = outcomes["duckdb"]
    for engine, outcome in outcomes.items():
        assert outcome.code == first.code, (engine, outcome.err, first.err)
        assert outcome.err == first.err, engine
        assert outcome.counts() == first.counts(), engine
    refusals = [part for part in parts if part.refusal]
    if first.code:
        _check_refusal(engines, first, parts, refusals)
        return
    assert not [part for part in refusals if part.refusal != "?"], first
    for read, loaded, unreadable in first.counts().values():
        assert read == loaded + unreadable
    for engine, raw in found.items():
        assert raw == found["duckdb"], engine
    assert "Traceback" not in first.err
    for part in parts:
        assert not part.warning or part.warning in first.err
    if not refusals:
        _check_rows(parts, found["duckdb"])


def _loaded(outcomes: dict[str, Outcome]) -> bool:
    return all(outcome.code == 0 for outcome in outcomes.values())


def _check_refusal(
    engines: Engines, outcome: Outcome, parts: list[Part], refusals: list[Part]
) -> None:
    assert refusals, outcome.err
    assert outcome.code == 1
    assert outcome.out == ""
    assert outcome.err.startswith("Error: ")
    assert len(outcome.err.splitlines()) == 1
    named = [part for part in parts if part.name in outcome.err]
    assert [part for part in named if part.refusal], outcome.err
    assert ";" in outcome.err, f"no remedy: {outcome.err}"
    assert any(
        part.refusal == "?" or part.refusal in outcome.err for part in named if part.refusal
    ), (
        outcome.err,
        [part.refusal for part in named],
    )
    if engines.trial.database.exists():
        with duckdb.connect(str(engines.trial.database)) as con:
            assert not con.execute("select * from duckdb_tables()").fetchall()
    assert not any(sum(table.values()) for table in engines.raw()["postgres"]().values())
    assert not any(sum(table.values()) for table in engines.raw()["spark"]().values())


def _check_rows(parts: list[Part], raw: Raw) -> None:
    for table in {part.table for part in parts}:
        columns = kinds(table)
        expected = Counter(
            _shown(row, columns) for part in parts if part.table is table for row in part.kept()
        )
        assert raw[table.name] == expected
    total = sum(len(part.rows) - len(part.kept()) for part in parts)
    set_aside = list(raw[unreadable_rows.name].elements())
    assert len(set_aside) == total
    records = [json.loads(row) for row in set_aside]
    for part in parts:
        for row in part.set_aside():
            texts = {
                name: cell.text
                for name, cell in row.items()
                if cell.text is not None and cell.fragment is None and name not in part.typed
            }
            shown = {name: text.replace("\0", "\\u0000") for name, text in texts.items()}
            # Half of a pair is shown with a mark before it.
            whole = {n: t for n, t in shown.items() if not any("\ud800" <= c < "\ue000" for c in t)}
            faults = [name for name, cell in row.items() if cell.value is UNREADABLE]
            assert any(
                record["source_table"] == part.table.name
                and whole.items() <= json.loads(record["record"]).items()
                and all(f"{fault}: '" in record["error"] for fault in faults)
                for record in records
            ), (whole, faults, records)


def _settings(examples: int, **more: Any) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        **more,
    )


def test_what_holds_of_every_folder(engines: Engines) -> None:
    # Values are converted before they go to an engine, and a file costs more than a row.
    others = cycle(OTHERS)

    # To shrink a failure would take minutes.
    @_settings(8, derandomize=True, phases=[Phase.generate])
    @given(parts=folders(most_tables=1, most_parts=2, most_rows=40))
    def loads(parts: list[Part]) -> None:
        check(engines, parts, [next(others)])

    loads()


@pytest.mark.deep
def test_what_holds_of_every_folder_for_ten_minutes(engines: Engines) -> None:
    end = time.monotonic() + DEEP_SECONDS
    while time.monotonic() < end:

        @seed(time.time_ns())
        @_settings(50)
        @given(parts=folders())
        def loads(parts: list[Part]) -> None:
            check(engines, parts)

        loads()
