"""`tutormax load` of Parquet, whose columns have types of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.load_trial import (
    EVENT,
    NOON,
    SESSION,
    TUTOR,
    Trial,
    load_one,
)


def cast(values: list[Any], kind: pa.DataType) -> Callable[[], pa.Array]:
    return lambda: pa.array(values, kind)


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (cast([NOON.replace(tzinfo=None)], pa.timestamp("ns")), NOON),
        (cast([NOON.replace(tzinfo=None)], pa.timestamp("us")), NOON),
        (cast([NOON.replace(tzinfo=None)], pa.timestamp("ms")), NOON),
        (cast([NOON], pa.timestamp("ns", "UTC")), NOON),
        (cast([NOON], pa.timestamp("us", "Asia/Tokyo")), NOON),
        (
            cast([NOON.astimezone(timezone(timedelta(hours=5)))], pa.timestamp("ms", "+05:00")),
            NOON,
        ),
        # Cut, not rounded: 23:59:59.9999999 stays on its day, also before 1970.
        (cast([1769860800_000000_999], pa.timestamp("ns")), NOON),
        (cast([1769860800_000000_999], pa.timestamp("ns", "UTC")), NOON),
        (
            cast([-1], pa.timestamp("ns")),
            datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        ),
        (cast([date(2026, 1, 31)], pa.date32()), NOON - timedelta(hours=12)),
        (cast(["2026-01-31T12:00:00Z"], pa.large_string()), NOON),
        (cast([b"2026-01-31 12:00:00"], pa.binary()), NOON),
    ],
)
def test_parquet_times_of_every_kind(
    trial: Trial, array: Callable[[], pa.Array], value: datetime
) -> None:
    columns = {name: pa.array([text]) for name, text in EVENT.items()}
    table = pa.table({**columns, "event_timestamp": array()})
    pq.write_table(table, trial.files / "tutor_events.parquet")
    trial.loaded()
    assert trial.value("tutor_events", "event_timestamp") == value


@pytest.mark.parametrize(
    ("column", "array", "value"),
    [
        ("session_number", cast([3], pa.int64()), 3),
        ("session_number", cast([3], pa.uint8()), 3),
        ("session_number", cast([3.0], pa.float64()), 3),
        ("session_number", cast([Decimal("3.00")], pa.decimal128(10, 2)), 3),
        ("session_number", cast([None], pa.null()), None),
        ("session_number", cast([3.5], pa.float64()), "3.5"),
        ("session_number", cast([float("nan")], pa.float64()), "nan"),
        ("session_number", cast([2**31], pa.int64()), "2147483648"),
        ("session_number", cast([True], pa.bool_()), "true"),
        ("engagement_score", cast([0.5], pa.float32()), 0.5),
        ("engagement_score", cast([1], pa.int32()), 1.0),
        ("engagement_score", cast([Decimal("0.25")], pa.decimal128(4, 2)), 0.25),
        ("no_show", cast([1], pa.int8()), True),
        ("no_show", cast([0.0], pa.float64()), False),
        ("no_show", cast([2], pa.int8()), "2"),
        ("subject", cast(["x"], pa.dictionary(pa.int8(), pa.string())), "x"),
        ("subject", cast([7], pa.int64()), "7"),
        ("subject", cast(["é".encode()], pa.binary()), "é"),
        ("subject", cast([["x"]], pa.list_(pa.string())), '["x"]'),
        ("subject", cast(["a\0b"], pa.string()), "a\\u0000b"),
    ],
)
def test_parquet_of_other_physical_types(
    trial: Trial, column: str, array: Callable[[], pa.Array], value: Any
) -> None:
    columns = {name: pa.array([given_]) for name, given_ in SESSION.items()}
    pq.write_table(pa.table({**columns, column: array()}), trial.files / "sessions.parquet")
    trial.loaded()
    if trial.rows("sessions"):
        assert repr(trial.value("sessions", column)) == repr(value)
    else:
        assert json.loads(trial.value("unreadable_rows", "record"))[column] == value
        assert trial.errors()[0].startswith(f"{column}: '{value}' is not ")


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (cast([["a", None]], pa.large_list(pa.large_string())), ["a", None]),
        (cast([["a", "b"]], pa.list_(pa.string(), 2)), ["a", "b"]),
        (cast([[1, 2]], pa.list_(pa.int64())), ["1", "2"]),
        (cast([[]], pa.list_(pa.null())), []),
        (cast(["{a,b}"], pa.string()), ["a", "b"]),
        (cast([None], pa.null()), None),
    ],
)
def test_parquet_lists(
    trial: Trial, array: Callable[[], pa.Array], value: list[str | None] | None
) -> None:
    columns = {name: pa.array([text]) for name, text in TUTOR.items()}
    pq.write_table(pa.table({**columns, "subjects": array()}), trial.files / "tutors.parquet")
    trial.loaded()
    assert trial.errors() == []
    assert trial.value("tutors", "subjects") == value


def test_parquet_lists_with_a_nul_are_unreadable(trial: Trial) -> None:
    load_one(trial, "tutors", {**TUTOR, "subjects": ["a", "b\0"]}, "parquet")
    assert trial.rows("tutors") == []
    assert len(trial.errors()) == 1


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (cast([{"a": 1, "b": ["x"]}], None), '{"a":1,"b":["x"]}'),
        (cast([[("a", 1.5)]], pa.map_(pa.string(), pa.float64())), '{"a":1.5}'),
        (cast([[1, 2]], pa.list_(pa.int64())), "[1,2]"),
        (cast([5], pa.int64()), "5"),
        (cast(['{"a": 1}'], pa.large_string()), '{"a":1}'),
    ],
)
def test_parquet_metadata(trial: Trial, array: Callable[[], pa.Array], value: str) -> None:
    columns = {name: pa.array([text]) for name, text in EVENT.items()}
    table = pa.table({**columns, "metadata": array()})
    pq.write_table(table, trial.files / "tutor_events.parquet")
    trial.loaded()
    assert trial.value("tutor_events", "metadata") == value


def of_fields(*names: str) -> pa.Array:
    return pa.StructArray.from_arrays([pa.array([1])] * len(names), list(names))


@pytest.mark.parametrize(
    ("array", "what"),
    [
        (of_fields("a", "a"), "a and a"),
        (of_fields("b", "a", "B"), "b and B"),
        (pa.ListArray.from_arrays([0, 1], of_fields("a", "A")), "a and A"),
        (pa.StructArray.from_arrays([of_fields("a", "A")], ["x"]), "a and A"),
        (pa.MapArray.from_arrays([0, 1], ["k"], of_fields("a", "A")), "a and A"),
    ],
)
def test_parquet_fields_that_duckdb_would_rename(trial: Trial, array: pa.Array, what: str) -> None:
    columns = {name: pa.array([text]) for name, text in EVENT.items()}
    table = pa.table({**columns, "other": array})
    pq.write_table(table, trial.files / "tutor_events.parquet")
    trial.loaded()
    pq.write_table(
        table.rename_columns([*columns, "metadata"]), trial.files / "tutor_events.parquet"
    )
    assert f"has in the column metadata the fields {what}, whose names differ" in trial.refused()


def test_parquet_text_that_is_not_utf8(trial: Trial) -> None:
    columns = {name: pa.array([text]) for name, text in EVENT.items()}
    columns["event_type"] = pa.array([b"caf\xe9"])
    pq.write_table(pa.table(columns), trial.files / "tutor_events.parquet")
    assert 'has the text "caf\\xE9", which is not UTF-8; write it as UTF-8.' in trial.refused()


def test_a_few_kilobytes_that_hold_gigabytes(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 20_000
    columns = {
        name: pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([text]))
        for name, text in {**EVENT, "metadata": json.dumps({"a": "x" * 100_000})}.items()
    }
    file = trial.files / "tutor_events.parquet"
    pq.write_table(pa.table(columns), file)
    assert file.stat().st_size < 100_000
    monkeypatch.setattr("tutormax.load.loader._memory_limit", lambda: 100)
    assert "needs more than 100 MB of memory to be read" in trial.refused()
