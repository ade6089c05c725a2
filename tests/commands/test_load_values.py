"""`tutormax load`: what text and JSON become in raw, and what is set aside as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.load_trial import (
    EVENT,
    EVENTS,
    NOON,
    SESSION,
    STUDENT,
    TEXT_FORMS,
    TUTOR,
    Trial,
    load_one,
    write_rows,
)
from tutormax.load.columns import Kind, kinds
from tutormax.schema import metadata

NOON_TEXTS = [
    "2026-01-31 12:00:00",
    "2026-01-31T12:00:00",
    "2026-01-31T12:00:00Z",
    "2026-01-31 12:00:00.000000",
    "2026-01-31T14:00:00+02:00",
    "2026-01-31 07:00:00-05",
    "2026-01-31 14:00:00 +0200",
    "2026-01-31 12:00:00 UTC",
    "2026-01-31 07:00:00 America/New_York",
    " 2026-01-31 12:00 ",
    "2026-1-31 12:00:00",
    "2026/01/31 12:00",
    "2026-01-31 12:00 gmt",
    "2026-01-31T12:00:00 Z",
    "2026-01-31T12:00:00.0000009Z",
    "2026-01-31 17:45:00+0545",
    "2026-02-01 06:00:00+18:00",
    "2026-01-30 18:00:00 -18",
    "2026-01-31 12:00:00z",
    "2026-01-31T12:00:00.000 z",
    "2026-01-31 12:00UTC",
    "2026-01-31T12:00:00.000gmt",
]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_times_without_a_zone_are_utc_and_others_keep_theirs(trial: Trial, form: str) -> None:
    rows = [{**EVENT, "event_id": text, "event_timestamp": text} for text in NOON_TEXTS]
    write_rows(trial, "tutor_events", rows, form)
    trial.loaded()
    found = dict(trial.rows("tutor_events", "event_id, event_timestamp"))
    assert found == dict.fromkeys(NOON_TEXTS, NOON)


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_a_date_is_its_midnight_in_utc(trial: Trial, form: str) -> None:
    load_one(trial, "tutors", {**TUTOR, "created_at": "2026-01-31T12:00:00.123456"}, form)
    assert trial.rows("tutors", "onboarding_date, created_at") == [
        (datetime(2026, 1, 31, tzinfo=UTC), NOON + timedelta(microseconds=123456))
    ]


@pytest.mark.depth("form", quick=["json"], deep=["csv", "json", "parquet"])
def test_the_zone_of_the_process_does_not_matter(trial: Trial, form: str) -> None:
    naive = [{**row, "event_timestamp": NOON.replace(tzinfo=None)} for row in EVENTS]
    write_rows(trial, "tutor_events", naive, form)
    done = subprocess.run(
        [sys.executable, "-c", "from tutormax.cli import app; app()", "load", str(trial.files)],
        env={**os.environ, "TZ": "America/New_York"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {row[0] for row in trial.rows("tutor_events", "event_timestamp")} == {NOON}


GOOD: list[tuple[str, str, Any]] = [
    ("session_number", "3.0", 3),
    ("session_number", " +3 ", 3),
    ("session_number", "-2147483648", -2147483648),
    ("session_number", "1e3", 1000),
    ("no_show", "t", True),
    ("no_show", "F", False),
    ("no_show", "yes", True),
    ("no_show", " No ", False),
    ("no_show", "1", True),
    ("no_show", "0", False),
    ("no_show", "1.0", True),
    ("engagement_score", "0.25", 0.25),
    ("engagement_score", " .5 ", 0.5),
    ("engagement_score", "1e-400", 0.0),
    ("engagement_score", "nan", float("nan")),
    ("engagement_score", "-Infinity", float("-inf")),
    ("engagement_score", " inf ", float("inf")),
    ("subject", " spaces stay ", " spaces stay "),
    ("subject", "null", "null"),
]
BAD: list[tuple[str, str]] = [
    ("session_number", "3.5"),
    ("session_number", "2147483648"),
    ("session_number", "1_000"),
    ("session_number", "0x10"),
    ("session_number", "three"),
    ("session_number", "nan"),
    ("session_number", "true"),
    ("no_show", "maybe"),
    ("no_show", "2"),
    ("engagement_score", "1e400"),
    ("engagement_score", "0,5"),
    ("engagement_score", "1_0.5"),
    ("scheduled_start", "2026-02-30"),
    ("scheduled_start", "infinity"),
    ("scheduled_start", "epoch"),
    ("scheduled_start", "10000-01-01"),
    ("scheduled_start", "1769860800"),
    ("scheduled_start", "12:00"),
    ("scheduled_start", "1/31/26 12:00"),
    ("scheduled_start", "12-1-26 10:00:00"),
    ("scheduled_start", "26-01-31 12:00:00"),
    ("scheduled_start", "126-01-31"),
    ("scheduled_start", "2026 01 31"),
    ("scheduled_start", "2026-01-31 (BC)"),
    ("scheduled_start", "2026-03-08 02:30 America/New_York"),
    ("scheduled_start", "2026-01-31 12:00 BST"),
    ("scheduled_start", "2026-01-31 12:0 PST"),
    ("scheduled_start", "2026-01-31 12:00:00 NZ"),
    ("scheduled_start", "2026-01-31 12:00 EST5EDT"),
    ("scheduled_start", "2026-01-31 12:00 GMT+5"),
    ("scheduled_start", "2026-01-31 12:00 PM"),
    ("scheduled_start", "2026-01-31T12:00:00+99:99"),
    ("scheduled_start", "2026-01-31T12:00:00-99"),
    ("scheduled_start", "2026-01-31T12:00:00+18:30"),
    ("scheduled_start", "2026-01-31T12:00:00+05:75"),
    ("subject", "a\0b"),
    ("_loaded_at", "yesterday"),
]


def _sessions(overrides: list[tuple[str, str]]) -> list[dict[str, str | None]]:
    """A session for each column and text, all else good; all values text, as Parquet needs it."""
    plain: dict[str, str | None] = {name: str(value) for name, value in SESSION.items()}
    plain |= {"engagement_score": None, "_loaded_at": None}
    return [
        {**plain, "session_id": f"x{number:02}", column: text}
        for number, (column, text) in enumerate(overrides)
    ]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_text_that_fits_its_column(trial: Trial, form: str) -> None:
    write_rows(trial, "sessions", _sessions([(column, text) for column, text, _ in GOOD]), form)
    trial.loaded()
    assert trial.errors() == []
    names = [column.name for column in metadata.tables["raw.sessions"].columns]
    found = [dict(zip(names, row, strict=True)) for row in trial.rows("sessions")]
    for (column, text, value), row in zip(GOOD, found, strict=True):
        assert repr(row[column]) == repr(value), text


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_text_that_does_not_fit_is_kept_as_it_was(trial: Trial, form: str) -> None:
    rows = _sessions([*BAD, ("session_id", "good")])
    write_rows(trial, "sessions", rows, form)
    assert trial.loaded().counts() == {"sessions": (len(rows), 1, len(BAD))}
    assert trial.value("sessions", "session_id") == "good"
    found = trial.rows("unreadable_rows", "record->>'session_id', source_table, record, error")
    kind_of = kinds(metadata.tables["raw.sessions"])
    for (column, text), row, (_, source, record, error) in zip(BAD, rows, found, strict=False):
        shown = text.replace("\0", "\\u0000")
        assert source == "sessions"
        assert error == f"{column}: '{shown}' is not {kind_of[column]}"
        assert json.loads(record) == {**row, column: shown}


def test_empty_text_is_null_in_csv_only(trial: Trial) -> None:
    row = {**SESSION, "engagement_score": "", "late_start_minutes": ""}
    load_one(trial, "sessions", row, "csv")
    assert trial.rows("sessions", "engagement_score, late_start_minutes") == [(None, None)]
    trial.write("students.csv", 'student_id,name,grade_level,age\ns1,Ann,"",""\n')
    trial.loaded()
    assert trial.rows("students", "grade_level, age") == [(None, None)]
    (trial.files / "students.csv").unlink()
    load_one(trial, "students", {**STUDENT, "grade_level": ""}, "json")
    assert ("",) in trial.rows("students", "grade_level")
    load_one(trial, "students", {**STUDENT, "age": ""}, "json")
    assert trial.errors() == [f"age: '' is not {Kind.INTEGER}"]


def test_an_error_names_every_column_and_shortens_long_values(trial: Trial) -> None:
    row = {**SESSION, "session_number": "x" * 1000, "no_show": "perhaps"}
    load_one(trial, "sessions", row, "csv")
    (error,) = trial.errors()
    assert error == (
        f"session_number: '{'x' * 100}…' is not {Kind.INTEGER}; "
        f"no_show: 'perhaps' is not {Kind.BOOLEAN}"
    )
    assert json.loads(trial.value("unreadable_rows", "record"))["session_number"] == "x" * 1000


ARRAYS: list[tuple[str, list[str | None] | None]] = [
    ('["a", "b c"]', ["a", "b c"]),
    ('{a,"b c"}', ["a", "b c"]),
    ("[]", []),
    ("{}", []),
    (' { a b , NULL, "NULL", null } ', ["a b", None, "NULL", None]),
    ('["a", null, 1, true]', ["a", None, "1", "true"]),
    (r'{"a\"b","c\\d",e\,f,""}', ['a"b', "c\\d", "e,f", ""]),
    ('["a\\nb", "{c}", "[d]", ",]"]', ["a\nb", "{c}", "[d]", ",]"]),
    ('{"a,b","{c}"}', ["a,b", "{c}"]),
    ("null", None),
]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_arrays_of_both_notations(trial: Trial, form: str) -> None:
    rows = [{**TUTOR, "tutor_id": f"t{i:02}", "subjects": t} for i, (t, _) in enumerate(ARRAYS)]
    write_rows(trial, "tutors", rows, form)
    trial.loaded()
    assert trial.errors() == []
    found = trial.rows("tutors", "tutor_id, subjects")
    assert [subjects for _, subjects in found] == [value for _, value in ARRAYS]


NO_ARRAYS = [
    *("Math", "{a,}", "{a", "{{a},{b}}", '{"a"b}', '[["a"]]', '[{"a":1}]', '["a"', '{"a":1}'),
    *("5", '["a\\u0000b"]', "['a']", '["a",]', '["a" , ]'),
]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_what_is_no_array_of_text(trial: Trial, form: str) -> None:
    write_rows(trial, "tutors", [{**TUTOR, "subjects": text} for text in NO_ARRAYS], form)
    assert trial.loaded().counts() == {"tutors": (len(NO_ARRAYS), 0, len(NO_ARRAYS))}
    assert trial.errors() == sorted(f"subjects: '{t}' is not {Kind.ARRAY}" for t in NO_ARRAYS)
    records = [json.loads(row[0])["subjects"] for row in trial.rows("unreadable_rows", "record")]
    assert sorted(records) == sorted(NO_ARRAYS)


def test_arrays_in_json_hold_text(trial: Trial) -> None:
    values: list[Any] = [["a", None, "b"], [1, 2.5], [["a"]], {"a": 1}, ["x\0"], None, []]
    trial.write_json("tutors.json", [{**TUTOR, "subjects": value} for value in values])
    assert trial.loaded().counts() == {"tutors": (7, 4, 3)}
    found = [row[0] for row in trial.rows("tutors", "subjects")]
    assert sorted(found, key=repr) == sorted([["a", None, "b"], ["1", "2.5"], None, []], key=repr)


METADATA: list[tuple[Any, str | None]] = [
    ({"a": 1, "b": [None]}, '{"a":1,"b":[null]}'),
    ('{ "a" : 1 }', '{"a":1}'),
    (None, None),
    ("null", None),
    ("[1, 2]", "[1,2]"),
    ("5", "5"),
    ('"text"', '"text"'),
    ('{"a":"NaN 1e99999 \\\\u0000"}', '{"a":"NaN 1e99999 \\\\u0000"}'),
    ('{"a":"' + "[" * 2000 + '"}', '{"a":"' + "[" * 2000 + '"}'),
    ('{"a":",]"}', '{"a":",]"}'),
    ("{}", "{}"),
]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_metadata_is_json_or_text_that_holds_it(trial: Trial, form: str) -> None:
    rows: list[dict[str, Any]] = []
    for number, (held, _) in enumerate(METADATA):
        # A column of Parquet, and a cell of CSV, holds text only.
        as_text = form != "json" and held is not None and not isinstance(held, str)
        text = json.dumps(held) if as_text else held
        rows.append({**EVENT, "event_id": f"e{number:02}", "metadata": text})
    for old in trial.files.glob("*"):
        old.unlink()
    if form == "csv":
        trial.write_csv("tutor_events.csv", rows)
    else:
        write_rows(trial, "tutor_events", rows, form)
    trial.loaded()
    assert trial.errors() == []
    found = trial.rows("tutor_events", "event_id, metadata")
    assert [kept for _, kept in found] == [kept for _, kept in METADATA]


HOSTILE = [
    "hello",
    "{a:1}",
    "{",
    '{"a":NaN}',
    '{"a":-Infinity}',
    '{"a":"x\\u0000y"}',
    '{"a":1e99999}',
    '{"a":' + "1" * 1001 + "}",
    "[" * 600 + "]" * 600,
    '{"a":1,"a":1}',
    '{"b":{"a":1,"c":2,"a":3}}',
    '[{"a":1,"c":[{"a":1,"\\u0061":2}]}]',
    '{"a":"\\ud83d"}',
    '{"a":1,}',
    '{"a":[1.10 , ]}',
]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_metadata_that_no_database_would_hold(trial: Trial, form: str) -> None:
    rows = [{**EVENT, "metadata": text} for text in HOSTILE]
    if form == "csv":
        trial.write_csv("tutor_events.csv", rows)
    else:
        write_rows(trial, "tutor_events", rows, form)
    assert trial.loaded().counts() == {"tutor_events": (len(HOSTILE), 0, len(HOSTILE))}
    records = [json.loads(row[0])["metadata"] for row in trial.rows("unreadable_rows", "record")]
    assert sorted(records) == sorted(HOSTILE)


def test_metadata_objects_of_json_are_held_to_the_same(trial: Trial) -> None:
    values = [{"a": float("nan")}, {"a": "x\0"}, {"a": "NaN"}, [1], 5, "x"]
    trial.write_json("tutor_events.json", [{**EVENT, "metadata": value} for value in values])
    assert trial.loaded().counts() == {"tutor_events": (6, 3, 3)}
    assert trial.rows("tutor_events", "metadata") == [("5",), ("[1]",), ('{"a":"NaN"}',)]
