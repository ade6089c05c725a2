"""`tutormax load --mapping`: what a mapping declares is read so, and nothing else is."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, product
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.load_mapping import mapped, sessions
from support.load_trial import (
    EVENT,
    NOON,
    SESSION,
    STUDENT,
    TEXT_FORMS,
    TUTOR,
    Trial,
    parquet_bytes,
    write_rows,
)
from tutormax.errors import UserError
from tutormax.load.files import find_files
from tutormax.load.mapping_file import read_mapping
from tutormax.load.python_lists import add_python_lists
from tutormax.load.readers import open_file
from tutormax.load.repeated_keys import add_functions
from tutormax.load.statements import part_rows


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute("SET TimeZone = 'UTC'")
        add_functions(made)
        add_python_lists(made)
        yield made


class Reader:
    """What a load would write of one file, without a target: a fraction of a load's time."""

    def __init__(self, trial: Trial, con: duckdb.DuckDBPyConnection) -> None:
        self.trial = trial
        self.con = con

    def read(
        self, mapping: str, table: str, rows: list[dict[str, Any]], form: str
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The rows that fit, and those that are unreadable."""
        write_rows(self.trial, table, rows, form)
        declared = read_mapping(Path(mapped(self.trial, mapping)[1]))
        (file,) = find_files(self.trial.files, declared).files
        reading = open_file(self.con, file, self.trial.files.parent)
        statements = part_rows(file.table, reading, NOON)
        fitting, unreadable = (
            self.con.sql(query).to_arrow_table().to_pylist()
            for query in (statements.fitting, statements.unreadable)
        )
        assert len(fitting) + len(unreadable) == len(rows)
        return fitting, unreadable

    def session(self, mapping: str, form: str, **cells: Any) -> dict[str, Any]:
        """The one session with these cells, which must fit; `...` is a cell to leave out."""
        (fitting,), _ = self.read(mapping, "sessions", [session(cells)], form)
        return fitting


@pytest.fixture
def reader(trial: Trial, con: duckdb.DuckDBPyConnection) -> Reader:
    return Reader(trial, con)


def session(cells: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (SESSION | cells).items() if value is not ...}


def check_set_aside(rows: list[dict[str, Any]], column: str, text: str, error: str) -> None:
    (row,) = rows
    assert json.loads(row["record"])[column] == text
    assert row["error"].startswith(f"{column}: '{text}'"[:80])
    assert f"is not {error}" in row["error"]


@pytest.mark.parametrize("form", [*TEXT_FORMS, "jsonl"])
def test_names_with_blanks_dots_and_quotes(reader: Reader, form: str) -> None:
    odd = 'a.b [0] it\'s "x" ~/*'
    mapping = sessions(f"subject: {json.dumps(odd)}")
    row = reader.session(mapping, form, **{odd: "Art", "subject": "Math"})
    assert row["subject"] == "Art"


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_columns_that_swap_names_and_a_column_read_twice(reader: Reader, form: str) -> None:
    mapping = sessions("tutor_id: student_id\n      student_id: tutor_id\n      subject: tutor_id")
    row = reader.session(mapping, form, tutor_id="s1", student_id="t1", subject=...)
    assert (row["tutor_id"], row["student_id"], row["subject"]) == ("t1", "s1", "s1")


def in_turn(cases: list[Any]) -> list[tuple[Any, str]]:
    """Each case in one form: what is declared is applied to texts, whatever the file."""
    return list(zip(cases, cycle(TEXT_FORMS), strict=False))


ZONED = '{from: X, format: "%d.%m.%Y %H:%M %Z"}'
OFFSET = '{from: X, format: "%d.%m.%Y %H:%M%z"}'
LAST = NOON - timedelta(microseconds=1)
GOOD = [
    ("scheduled_start", '{from: X, format: "%m/%d/%Y %I:%M %p"}', " 1/31/2026 12:00 PM ", NOON),
    (
        "scheduled_start",
        '{from: X, format: ["%Y-%m-%d", "%d.%m.%Y %H:%M"]}',
        "31.1.2026 12:00",
        NOON,
    ),
    (
        "scheduled_start",
        '{from: X, format: "%m/%d/%Y %H:%M", time_zone: America/New_York}',
        "01/31/2026 07:00",
        NOON,
    ),
    (
        "scheduled_start",
        '{from: X, format: "%Y%m%d %H%M%z", time_zone: America/New_York}',
        "20260131 1400+0200",
        NOON,
    ),
    *(
        ("scheduled_start", f'{{from: X, format: "%d.%m.%Y %H:%M:%S.{digits}"}}', text, LAST)
        for digits, text in (
            ("%f", "31.1.2026 11:59:59.9999999"),
            ("%n", "31.1.2026 11:59:59.999999999"),
        )
    ),
    ("scheduled_start", ZONED, "31.1.2026 12:00 utc", NOON),
    ("scheduled_start", ZONED, "31.1.2026 07:00 America/New_York", NOON),
    ("scheduled_start", "{from: X, format: epoch_s}", "1769860800", NOON),
    ("scheduled_start", "{from: X, format: epoch_s}", "1.7698608e9", NOON),
    (
        "scheduled_start",
        "{from: X, format: epoch_s}",
        "1769860800.0000019",
        NOON + timedelta(microseconds=1),
    ),
    ("scheduled_start", "{from: X, format: epoch_ms}", "1769860800000", NOON),
    ("scheduled_start", "{from: X, time_zone: America/New_York}", "2026-01-31 07:00:00", NOON),
    ("scheduled_start", "{from: X, time_zone: America/New_York}", "2026-01-31T12:00:00Z", NOON),
    (
        "scheduled_start",
        "{from: X, time_zone: Asia/Tokyo}",
        "2026-02-01",
        NOON + timedelta(hours=3),
    ),
    # An hour that clocks repeat: the second one.
    (
        "scheduled_start",
        "{from: X, time_zone: America/New_York}",
        "2025-11-02 01:30",
        datetime(2025, 11, 2, 6, 30, tzinfo=UTC),
    ),
    ("no_show", "{from: X, values: {No Show: true, Attended: no}}", "Attended ", False),
    ("no_show", "{from: X, values: {No Show: true, Attended: no}}", "No Show", True),
    ("duration_minutes", "{from: X, values: {hour: 60}}", "hour", 60),
    ("subject", "{from: X, values: {M: Math}}", "M", "Math"),
    ("subject", "{value: no}", "x", "no"),
    ("engagement_score", '{from: X, decimal: ","}', "0,25", 0.25),
    ("engagement_score", '{from: X, decimal: ","}', "7", 7.0),
    ("duration_minutes", '{from: X, decimal: ","}', "60,0", 60),
]


@pytest.mark.depth("case", quick=in_turn(GOOD), deep=list(product(GOOD, TEXT_FORMS)))
def test_what_is_declared_is_read(reader: Reader, case: tuple[Any, str]) -> None:
    (column, declared, text, value), form = case
    row = reader.session(sessions(f"{column}: {declared}"), form, **{"X": text, column: ...})
    assert row[column] == value


US = '{from: X, format: "%m/%d/%Y"}'
BAD = [
    ("scheduled_start", US, "2026-01-31", "a time in the format %m/%d/%Y, from the year 1000 on"),
    ("scheduled_start", US, "1/31/26", "a time in the format"),
    ("scheduled_start", US, "1/31/999", "a time in the format"),
    ("scheduled_start", US, "13/31/2026", "a time in the format"),
    ("scheduled_start", "{from: X, format: epoch_s}", "noon", "a time in the format epoch_s"),
    ("scheduled_start", "{from: X, format: epoch_s}", "1_7", "a time in the format epoch_s"),
    ("scheduled_start", "{from: X, format: epoch_s}", "1769860800000", "a time in the format"),
    ("scheduled_start", "{from: X, format: epoch_ms}", "9" * 40, "a time in the format epoch_ms"),
    ("scheduled_start", ZONED, "31.1.2026 12:00 BST", "a time in the format"),
    ("scheduled_start", ZONED, "31.1.2026 12:00 EST5EDT", "a time in the format"),
    ("scheduled_start", ZONED, "8.3.2026 02:30 America/New_York", "a time in the format"),
    ("scheduled_start", OFFSET, "31.1.2026 12:00+99:99", "a time in the format"),
    ("scheduled_start", OFFSET, "31.1.2026 12:00-19", "a time in the format"),
    ("scheduled_start", OFFSET, "31.1.2026 12:00+05:75", "a time in the format"),
    # Clocks skip that hour.
    (
        "scheduled_start",
        "{from: X, time_zone: America/New_York}",
        "2026-03-08 02:30",
        "a timestamp",
    ),
    ("no_show", "{from: X, values: {Off: true}}", "off", "one of the values of the mapping"),
    ("no_show", "{from: X, values: {Off: true}}", "true", "one of the values of the mapping"),
    ("subject", "{from: X, values: {M: Math}}", "Math", "one of the values of the mapping"),
    ("engagement_score", '{from: X, decimal: ","}', "1.234,5", "a number with a decimal comma"),
    ("engagement_score", '{from: X, decimal: ","}', "0.5", "a number with a decimal comma"),
    ("engagement_score", '{from: X, decimal: ","}', "x", "a number with a decimal comma"),
]


@pytest.mark.depth("case", quick=in_turn(BAD), deep=list(product(BAD, TEXT_FORMS)))
def test_what_does_not_fit_is_set_aside_as_it_was(reader: Reader, case: tuple[Any, str]) -> None:
    (column, declared, text, error), form = case
    row = session({"X": text, column: ...})
    _, unreadable = reader.read(sessions(f"{column}: {declared}"), "sessions", [row], form)
    check_set_aside(unreadable, column, text, error)


LISTS = [
    ('","', "Math, Physics ,,", ["Math", "Physics"]),
    ('";"', "Math, basic;Physics", ["Math, basic", "Physics"]),
    ("python", """['Math', "a, b's", None, 'tab\\t']""", ["Math", "a, b's", None, "tab\t"]),
    ("python", "[]", []),
]
BAD_LISTS = [
    ('","', "['Math', 'Physics']"),
    ('","', '{"Math"}'),
    ("python", "Math, Physics"),
    ("python", "['Math' 'Physics']"),
    ("python", "['Math', nan]"),
    ("python", "[['Math']]"),
    ("python", "['\\ud800']"),
    ("python", "['\\x']"),
    ("python", "['\\x00']"),
    ("python", "[" * 5000 + "]" * 5000),
]


def topics(mark: str) -> str:
    return f"tables: {{tutors: {{columns: {{subjects: {{from: Topics, list: {mark}}}}}}}}}"


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_lists(reader: Reader, form: str) -> None:
    for mark in {mark for mark, _, _ in LISTS}:
        good = [(text, value) for other, text, value in LISTS if other == mark]
        bad = [text for other, text in BAD_LISTS if other == mark]
        texts = [*(text for text, _ in good), *bad]
        rows = [TUTOR | {"tutor_id": text, "Topics": text} for text in texts]
        fitting, unreadable = reader.read(topics(mark), "tutors", rows, form)
        assert {row["tutor_id"]: row["subjects"] for row in fitting} == dict(good)
        by_text = {json.loads(row["record"])["subjects"]: row for row in unreadable}
        assert set(by_text) == set(bad)
        for text, row in by_text.items():
            check_set_aside([row], "subjects", text, "a list")


@pytest.mark.parametrize("form", ["json", "parquet"])
@pytest.mark.parametrize("mark", ["python", '","'])
def test_an_array_of_the_file_needs_no_list(reader: Reader, form: str, mark: str) -> None:
    rows = [TUTOR | {"Topics": ["a, b", None]}]
    (row,), _ = reader.read(topics(mark), "tutors", rows, form)
    assert row["subjects"] == ["a, b", None]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_words_for_null_in_every_table_and_in_one(reader: Reader, form: str) -> None:
    words = {"age": " - ", "grade_level": "none", "created_at": "N/A"}
    mapping = 'null: [N/A, "-"]\ntables:\n  students:\n    null: none\n'
    (row,), _ = reader.read(mapping, "students", [STUDENT | words], form)
    assert (row["age"], row["grade_level"], row["created_at"]) == (None, None, None)
    for file in reader.trial.files.iterdir():
        file.unlink()
    rows = [TUTOR | {"location": "none", "education_level": "-"}]
    (row,), _ = reader.read(mapping, "tutors", rows, form)
    assert (row["location"], row["education_level"]) == ("none", None)


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_a_word_for_null_comes_before_what_a_column_declares(reader: Reader, form: str) -> None:
    mapping = sessions(f"actual_start: {US}", 'null: ["-"]')
    rows = [session({"X": "-", "no_show": text}) for text in ("true", "?")]
    (row,), (bad,) = reader.read(mapping, "sessions", rows, form)
    assert row["actual_start"] is None
    assert json.loads(bad["record"])["actual_start"] == "-"
    assert bad["error"] == "no_show: '?' is not a boolean"


def test_typed_columns_of_parquet_keep_their_types(trial: Trial) -> None:
    local = datetime(2026, 1, 31, 7)
    columns = {
        **{name: pa.array([str(text)]) for name, text in SESSION.items()},
        "scheduled_start": pa.array([local], pa.timestamp("ns")),
        "S": pa.array([local], pa.timestamp("us")),
        "Z": pa.array([NOON], pa.timestamp("us", "Asia/Tokyo")),
        "D": pa.array([date(2026, 1, 31)]),
        "N": pa.array([1.5]),
        "E": pa.array([1769860800], pa.int64()),
        "_loaded_at": pa.array([1769860800000], pa.int64()),
    }
    pq.write_table(pa.table(columns), trial.files / "sessions.parquet")
    zone = "time_zone: America/New_York"
    mapping = sessions(
        "actual_start: S\n      created_at: {from: Z, format: '%Y-%m-%d'}\n"
        "      updated_at: {from: E, format: epoch_s}\n"
        "      engagement_score: {from: N, decimal: ','}\n"
        "      _loaded_at: {from: _loaded_at, format: epoch_ms}",
        f"{zone}\nnull: ['1.50']",
    )
    assert trial.load(*mapped(trial, mapping)).code == 0
    assert trial.errors() == []
    names = "scheduled_start, actual_start, created_at, updated_at, engagement_score, _loaded_at"
    assert trial.rows("sessions", names) == [(NOON, NOON, NOON, NOON, 1.5, NOON)]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_the_zone_of_a_mapping_is_for_all_times_without_one(trial: Trial, form: str) -> None:
    write_rows(trial, "tutor_events", [EVENT | {"created_at": "2026-01-31T12:00:00Z"}], form)
    trial.load(*mapped(trial, "time_zone: America/New_York"))
    later = NOON + timedelta(hours=5)
    assert trial.rows("tutor_events", "event_timestamp, created_at") == [(later, NOON)]


def test_globs_claim_files_and_other_tables_go_by_their_names(trial: Trial) -> None:
    trial.write("Appointments 1.csv", "id,student_id,name\nx,s1,Ann\n")
    trial.write("Appointments 2.jsonl.gz", gzip.compress(b'{"id": "x", "name": "Bob"}\n'))
    (trial.files / "more").mkdir()
    trial.write("more/People.parquet", parquet_bytes([{"id": "y", "name": "Cy"}]))
    trial.write_csv("students.csv", [STUDENT])
    trial.write_csv("tutors.csv", [TUTOR])
    mapping = (
        'tables:\n  students:\n    files: ["Appointments*", more/*.parquet]\n'
        "    columns: {student_id: id}\n"
    )
    outcome = trial.load(*mapped(trial, mapping))
    assert outcome.counts() == {"students": (3, 3, 0), "tutors": (1, 1, 0)}
    assert "Not loaded: students.csv;" in outcome.err
    assert "Appointments" not in outcome.err.split("Not loaded")[1].splitlines()[0]
    assert trial.rows("students", "student_id, name") == [("x", "Ann"), ("x", "Bob"), ("y", "Cy")]


def test_files_claimed_below_a_folder_of_another_table(trial: Trial) -> None:
    (trial.files / "sessions").mkdir()
    trial.write("sessions/1.csv", "id,name\nx,Ann\n")
    mapping = "tables: {students: {files: sessions/*, columns: {student_id: id}}}"
    outcome = trial.load(*mapped(trial, mapping))
    assert outcome.counts() == {"students": (1, 1, 0)}
    assert outcome.err == ""
    trial.write_csv("all.csv", [SESSION])
    both = mapping.replace("tables: {", "tables: {sessions: {files: all.csv}, ")
    assert trial.load(*mapped(trial, both)).err == ""


def test_a_key_given_twice_is_still_set_aside(trial: Trial) -> None:
    trial.write("students.jsonl", '{"a.b": "x", "a.b": "y", "name": "Ann"}\n')
    mapping = "tables: {students: {columns: {student_id: a.b, grade_level: {value: '7'}}}}"
    assert trial.load(*mapped(trial, mapping)).counts() == {"students": (1, 0, 1)}
    record = json.loads(trial.value("unreadable_rows", "record"))
    assert record == {"student_id": '["x","y"]', "name": "Ann", "grade_level": "7"}


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_a_column_that_the_file_lacks(reader: Reader, form: str) -> None:
    with pytest.raises(UserError) as refusal:
        reader.session(sessions("engagement_score: Score"), form)
    assert "my.yml, line 5: " in str(refusal.value)
    assert str(refusal.value).endswith(
        "has no column 'Score' for engagement_score; write the name as in the file."
    )
