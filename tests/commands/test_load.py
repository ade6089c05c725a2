"""`tutormax load` into DuckDB: what is read, what is set aside, what stops it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tutormax import cli
from tutormax.load.columns import REQUIRED, Kind, kinds
from tutormax.load.readers import Reading, open_file
from tutormax.schema import LOADED_AT, SOURCE_TABLES, metadata, unreadable_rows
from tutormax.warehouse import duckdb_type, ensure_raw_duckdb

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

    def refused(self) -> str:
        """The sentence with which the load stopped."""
        outcome = self.load()
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


@pytest.fixture
def trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Trial:
    def run(arguments: list[str]) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["tutormax", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            cli.app()
        printed = capsys.readouterr()
        return Outcome(int(exit_.value.code or 0), printed.out, printed.err)

    made = Trial(tmp_path, run)
    monkeypatch.setenv("TUTORMAX_DUCKDB_PATH", str(made.database))
    return made


# -- files that stop the load ---------------------------------------------------------------------


def _parquet_bytes(rows: list[dict[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return bytes(sink.getvalue())


def _damaged_parquet() -> bytes:
    """Whole at both ends, spoilt between."""
    rows = [{"student_id": f"s{i}", "name": f"name {i}"} for i in range(5000)]
    whole = bytearray(_parquet_bytes(rows))
    whole[4:4000] = b"\xff" * 3996
    return bytes(whole)


HEADER = "student_id,name\n"
BAD_FILES: dict[str, tuple[str, str | bytes, str]] = {
    "empty": ("students.csv", b"", "students.csv is empty (0 bytes)"),
    "short row": ("students.csv", HEADER + "s1,Ann\ns2\n", "the header has 2 cells, line 3 has 1;"),
    "long row": ("students.csv", HEADER + "s1,Ann,x\n", "the header has 2 cells, line 2 has 3;"),
    "comma too many": (
        "students.csv",
        HEADER + "s1,Ann,\n",
        "the header has 2 cells, line 2 has 3;",
    ),
    "open quote": ("students.csv", HEADER + 's1,"Ann\ns2,Bob\n', "malformed CSV at line 3"),
    "stray quote": ("students.csv", HEADER + 's1,"Ann" x\n', "malformed CSV at line 2"),
    "mixed line ends": (
        "students.csv",
        HEADER + "s1,Ann\r\ns2,Bob\n",
        "can be read in more than one way",
    ),
    "latin csv": (
        "students.csv",
        (HEADER + "s1,Zoé\n").encode("latin-1"),
        "not UTF-8 text (line 2)",
    ),
    "utf-16 csv": (
        "students.csv",
        (HEADER + "s1,Ann\n").encode("utf-16"),
        "not UTF-8 text (line 1)",
    ),
    "latin header": ("students.csv", "student_id,name,é\n".encode("latin-1"), "not UTF-8 text"),
    "column twice": ("students.csv", "student_id,name,name\ns1,a,b\n", "the column name twice"),
    "no required": (
        "students.csv",
        "student_id\ns1\n",
        "students.csv lacks the required column name",
    ),
    "other case": ("students.csv", "Student_ID,name\ns1,Ann\n", "(it has 'Student_ID'"),
    "no required, no rows": (
        "tutors.csv",
        "tutor_id,name\n",
        "columns email, onboarding_date, status",
    ),
    "bad line": (
        "students.jsonl",
        '\n{"student_id":"s1","name":"Ann"}\n\n{"student_id":"s2","name":Bob}\n',
        "malformed JSON at line 4",
    ),
    "cut line": ("students.jsonl", '{"student_id":"s1","name":"A"}\n{"stud', "JSON at line 2"),
    "two a line": ("students.jsonl", json.dumps(STUDENT) * 2, "malformed JSON at line 1"),
    "lone surrogate": (
        "students.jsonl",
        '{"student_id":"s1","name":"\\ud800"}',
        "malformed JSON at line 1",
    ),
    "no object": ("students.jsonl", json.dumps(STUDENT) + "\nnull\n", "malformed JSON at line 2"),
    "array in jsonl": ("students.jsonl", json.dumps([STUDENT]), "malformed JSON at line 1"),
    "latin jsonl": (
        "students.jsonl",
        '{"student_id":"s1",\n"name":"Zo\xe9"}'.encode("latin-1"),
        "not UTF-8 text (line 2)",
    ),
    "key missing": ("students.jsonl", '{"student_id":"s1"}\n', "lacks the required column name"),
    "object in json": ("students.json", json.dumps(STUDENT), "is not a JSON array"),
    "lines in json": ("students.json", json.dumps(STUDENT) + "\n", "call it students.jsonl"),
    "cut array": (
        "students.json",
        json.dumps([STUDENT], indent=1)[:-2],
        "malformed JSON at line 5",
    ),
    "garbage after": ("students.json", json.dumps([STUDENT]) + " x", "malformed JSON at line 1"),
    "no objects": ("students.json", json.dumps([STUDENT, 5]), "malformed JSON at element 2"),
    "blank json": ("students.json", " \n", "is not a JSON array"),
    "latin json": (
        "students.json",
        '[{"name":"\xe9"}]'.encode("latin-1"),
        "not UTF-8 text (line 1)",
    ),
    "no parquet": ("students.parquet", b"PAR1 and then nothing", "not a whole Parquet file"),
    "cut parquet": (
        "students.parquet",
        _parquet_bytes([STUDENT])[:-30],
        "not a whole Parquet file",
    ),
    "damaged parquet": ("students.parquet", _damaged_parquet(), "not a whole Parquet file"),
    "parquet lacks": (
        "students.parquet",
        _parquet_bytes([{"student_id": "s1"}]),
        "lacks the required column name",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_stops_the_load_and_nothing_of_it_stays(trial: Trial, kind: str) -> None:
    trial.write_csv("tutors.csv", [TUTOR])
    trial.loaded()
    before = trial.total()
    name, content, sentence = BAD_FILES[kind]
    # The bad file comes after good ones, in the order of the tables.
    trial.write(name, content)
    if not name.startswith("tutors"):
        trial.write_csv("tutors.csv", [{**TUTOR, "tutor_id": "t2"}, {**TUTOR, "status": "x"}])
    said = trial.refused()
    assert sentence in said
    assert str(trial.files / name) in said
    assert trial.total() == before


@pytest.mark.parametrize("table", SOURCE_TABLES, ids=lambda table: table.name)
def test_every_required_column_is_required(trial: Trial, table: Any) -> None:
    for missing in REQUIRED[table.name]:
        names = [name for name in table.columns.keys() if name != missing]  # noqa: SIM118
        trial.write(f"{table.name}.csv", ",".join(names) + "\n")
        assert f"lacks the required column {missing}." in trial.refused()
    trial.write(f"{table.name}.csv", ",".join(REQUIRED[table.name]) + "\n")
    assert trial.loaded().counts() == {table.name: (0, 0, 0)}


def test_a_third_bad_file_takes_the_first_two_and_the_tables_along(trial: Trial) -> None:
    trial.write_csv("tutors.csv", [TUTOR])
    trial.write_json("students.json", [STUDENT, {**STUDENT, "age": "old"}])
    trial.write("tutor_events.jsonl", json.dumps(EVENT) + "\n{")
    assert "tutor_events.jsonl is malformed JSON at line 2" in trial.refused()
    with duckdb.connect(str(trial.database)) as con:
        assert con.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]


def test_a_file_that_changes_while_it_is_read_stops_the_load(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial.write_csv("students.csv", [STUDENT])
    trial.loaded()

    def one_row_more(*arguments: Any) -> Reading:
        reading = open_file(*arguments)
        return replace(reading, rows=reading.rows + 1)

    monkeypatch.setattr("tutormax.load.loader.open_file", one_row_more)
    assert "changed while it was read (2 rows at first, then 1)" in trial.refused()
    assert trial.total() == 1


def test_the_directory_must_be_there_and_hold_something(trial: Trial) -> None:
    trial.write("README.txt", "nothing to load")
    trial.write("unreadable_rows.csv", "a\n1\n")
    assert "has no file to load" in trial.refused()
    here = trial.files
    trial.files = here / "README.txt"
    assert "is not a directory" in trial.refused()
    trial.files = here / "nowhere"
    assert f"There is no directory {trial.files}" in trial.refused()
    assert not trial.database.exists()


def test_two_files_of_one_table_are_ambiguous(trial: Trial) -> None:
    trial.write_csv("students.csv", [STUDENT])
    trial.write_json("students.json", [STUDENT])
    assert "has students.csv and students.json, and only one" in trial.refused()


def test_a_directory_called_like_a_file_is_not_passed_over(trial: Trial) -> None:
    trial.write_csv("tutors.csv", [TUTOR])
    (trial.files / "students.parquet").mkdir()
    assert "students.parquet is a directory" in trial.refused()


# -- the warehouse --------------------------------------------------------------------------------


def test_a_locked_warehouse_is_named(trial: Trial, tmp_path: Path) -> None:
    trial.write_csv("students.csv", [STUDENT])
    trial.loaded()
    hold = (
        f"import duckdb; c = duckdb.connect({str(trial.database)!r}); print('held', flush=True);"
        "input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        said = trial.refused()
    finally:
        holder.communicate(b"\n")
    assert f"{trial.database} is locked: another process holds it" in said
    assert len(trial.rows("students")) == 1


def test_a_file_that_is_no_database_is_named(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial.write_csv("students.csv", [STUDENT])
    other = tmp_path / "letter.txt"
    other.write_text("Dear tutor, " * 1000)
    for path, sentence in [
        (other, f"{other} is not a DuckDB database"),
        (tmp_path, f"{tmp_path} is a directory"),
        (Path(":memory:"), "where nothing would stay"),
        (other / "x.duckdb", "cannot be opened"),
    ]:
        monkeypatch.setenv("TUTORMAX_DUCKDB_PATH", str(path))
        assert sentence in trial.refused()
    assert other.read_text().startswith("Dear tutor")


def test_without_a_setting_the_warehouse_is_under_data(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial.write_csv("students.csv", [STUDENT])
    monkeypatch.delenv("TUTORMAX_DUCKDB_PATH")
    monkeypatch.chdir(tmp_path)
    outcome = trial.loaded()
    assert outcome.out.splitlines()[-1] == "Loaded into data/warehouse.duckdb."
    assert (tmp_path / "data" / "warehouse.duckdb").exists()


@pytest.mark.parametrize("name", ["raw", "tutormax", "a b", "main", 'q"x'])
def test_the_name_of_the_file_does_not_matter(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    trial.write_csv("students.csv", [STUDENT])
    path = tmp_path / f"{name}.duckdb"
    monkeypatch.setenv("TUTORMAX_DUCKDB_PATH", str(path))
    for _ in range(2):
        trial.loaded()
    with duckdb.connect(str(path)) as con:
        count = con.execute(
            "SELECT estimated_size FROM duckdb_tables() "
            "WHERE schema_name = 'raw' AND table_name = 'students'"
        ).fetchall()
    assert count == [(2,)]


def test_the_raw_tables_are_those_of_the_metadata(trial: Trial) -> None:
    trial.write_csv("students.csv", [STUDENT])
    trial.loaded()
    with duckdb.connect(str(trial.database)) as con:
        found = con.execute(
            "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
            "WHERE schema_name = 'raw' ORDER BY table_name, column_index"
        ).fetchall()
    assert len(metadata.tables) == 7
    assert found == [
        (table.name, column.name, duckdb_type(table, column.name), column.name != LOADED_AT)
        for table in sorted(metadata.tables.values(), key=lambda table: table.name)
        for column in table.columns
    ]
    assert duckdb_type(metadata.tables["raw.tutor_events"], "metadata") == "JSON"
    assert duckdb_type(metadata.tables["raw.tutors"], "subjects") == "VARCHAR[]"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("DROP COLUMN age", "age is missing"),
        ("ADD COLUMN shoe_size INTEGER", "shoe_size is unknown"),
        ("ALTER COLUMN age TYPE VARCHAR", "age is VARCHAR and should be INTEGER"),
    ],
)
def test_a_raw_table_with_other_columns_is_refused(
    trial: Trial, change: str, sentence: str
) -> None:
    trial.database.parent.mkdir(parents=True)
    with duckdb.connect(str(trial.database)) as con:
        ensure_raw_duckdb(con)
        con.execute(f"ALTER TABLE raw.students {change}")
    trial.write_csv("tutors.csv", [TUTOR])
    said = trial.refused()
    assert "raw.students has other columns" in said
    assert sentence in said
    assert trial.total() == 0


# -- the same rows from every format --------------------------------------------------------------

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


def _array_literal(values: list[str | None]) -> str:
    def element(value: str | None) -> str:
        if value is None:
            return "NULL"
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    return "{" + ",".join(map(element, values)) + "}"


def _plain(value: Any, arrays: Callable[[list[str | None]], str] | None = None) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list) and arrays is not None:
        return arrays(value)
    return value


def _write_rows(trial: Trial, table: str, rows: list[dict[str, Any]], form: str) -> None:
    for old in trial.files.glob(f"{table}.*"):
        old.unlink()
    if form == "parquet":
        trial.write(f"{table}.parquet", _parquet_bytes(rows))
        return
    notations: dict[str, Callable[[list[str | None]], str]] = {
        "csv": json.dumps,
        "csv with literals": _array_literal,
    }
    arrays = notations.get(form)
    plain = [{name: _plain(value, arrays) for name, value in row.items()} for row in rows]
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


FORMS = ["parquet", "csv", "csv with literals", "jsonl", "json", "json with a mark and CRLF"]


@pytest.mark.parametrize("form", FORMS)
def test_every_format_gives_the_same_rows(trial: Trial, form: str) -> None:
    _write_rows(trial, "tutors", TUTORS, form)
    _write_rows(trial, "tutor_events", EVENTS, form)
    assert trial.loaded().counts() == {"tutors": (2, 2, 0), "tutor_events": (2, 2, 0)}
    columns = "name, onboarding_date, subjects, baseline_sessions_per_week, updated_at, _loaded_at"
    assert trial.rows("tutors", columns) == [
        tuple(row[name] for name in columns.split(", ")) for row in TUTORS
    ]
    assert trial.rows("tutor_events", "metadata") == [
        ('{"a":[1,2],"b":{"c":"x\\"y"}}',),
        ('{"a":[3],"b":{"c":"é"}}',),
    ]


SIMPLE_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8
)
INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
RANDOM_TUTORS = st.lists(
    st.fixed_dictionaries(
        {
            "tutor_id": SIMPLE_TEXT,
            "name": SIMPLE_TEXT,
            "email": SIMPLE_TEXT,
            "onboarding_date": INSTANTS,
            "status": SIMPLE_TEXT,
            "subjects": st.none() | st.lists(st.none() | SIMPLE_TEXT | st.just(""), max_size=3),
            "baseline_sessions_per_week": st.none() | st.floats(allow_nan=False),
            "_loaded_at": INSTANTS,
        }
    ),
    min_size=1,
    max_size=5,
)


def _in_order(row: Iterable[Any]) -> list[str]:
    """Values as text: one zone has more than one representation, and None cannot be sorted."""
    return [value.isoformat() if isinstance(value, datetime) else repr(value) for value in row]


@given(rows=RANDOM_TUTORS, form=st.sampled_from(FORMS))
@settings(
    max_examples=25,
    deadline=None,
    # Every example loads a file: shrinking a failure would take minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_written_comes_back(
    trial: Trial, rows: list[dict[str, Any]], form: str
) -> None:
    trial.database.unlink(missing_ok=True)
    _write_rows(trial, "tutors", rows, form)
    trial.loaded()
    assert trial.errors() == []
    names = list(rows[0])
    found = trial.rows("tutors", ", ".join(names))
    written = [[row[name] for name in names] for row in rows]
    assert sorted(map(_in_order, found)) == sorted(map(_in_order, written))


def test_line_ends_of_every_kind_and_blank_lines(trial: Trial) -> None:
    cells = [("student_id", "name"), ("s1", '"two\r\nlines"'), ("s2", '"one\nmore"')]
    for end in ("\n", "\r\n"):
        text = end.join(",".join(pair) for pair in cells) + end + end
        trial.write("students.csv", "\ufeff" + text)
        assert trial.loaded().counts() == {"students": (2, 2, 0)}
        trial.write("students.csv", text.rstrip())
        trial.loaded()
    assert {row[0] for row in trial.rows("students", "name")} == {"two\r\nlines", "one\nmore"}


def test_an_array_of_no_rows_and_columns_of_no_rows(trial: Trial) -> None:
    trial.write("students.json", " [ ] ")
    trial.write("tutors.csv", ",".join(TUTOR))
    empty = pa.table({name: pa.array([], pa.string()) for name in EVENT})
    pq.write_table(empty, trial.files / "tutor_events.parquet")
    assert set(trial.loaded().counts().values()) == {(0, 0, 0)}


def test_loading_appends(trial: Trial) -> None:
    trial.write_csv("students.csv", [STUDENT])
    for _ in range(3):
        trial.loaded()
    assert len(trial.rows("students")) == 3


def test_paths_are_not_patterns_and_folders_bring_no_columns(trial: Trial, tmp_path: Path) -> None:
    meant, decoy = tmp_path / "name=Bob" / "[ab]*'?{c}", tmp_path / "name=Bob" / "ab'x{c}"
    for folder, name in ((meant, "Ann"), (decoy, "Carl")):
        folder.mkdir(parents=True)
        trial.files = folder
        _write_rows(trial, "students", [{**STUDENT, "name": name}], "parquet")
        _write_rows(trial, "tutors", [{**TUTOR, "name": name}], "csv")
        _write_rows(trial, "sessions", [{**SESSION, "subject": name}], "json")
    trial.files = meant
    assert len(trial.loaded().counts()) == 3
    assert trial.value("students", "name") == "Ann"
    assert trial.value("tutors", "name") == "Ann"
    assert trial.value("sessions", "subject") == "Ann"


# -- columns --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl", "json"])
def test_unknown_columns_are_named_and_missing_ones_are_null(trial: Trial, form: str) -> None:
    _write_rows(trial, "students", [{"Name": "B", **STUDENT, "shoe_size": 5}], form)
    outcome = trial.loaded()
    assert "students." in outcome.err
    assert "has the unknown columns Name, shoe_size; ignored." in outcome.err
    assert outcome.out.count("students") == 1
    columns = "student_id, name, age, grade_level, subjects_interested, created_at, updated_at"
    assert trial.rows("students", columns) == [("s1", "Ann", None, None, None, None, None)]


def test_a_key_that_some_objects_lack_is_null_there(trial: Trial) -> None:
    trial.write_json("students.json", [STUDENT, {"student_id": "s2"}])
    trial.loaded()
    assert trial.rows("students", "student_id, name") == [("s1", "Ann"), ("s2", None)]


def test_loaded_at_comes_from_the_file_or_is_one_stamp(trial: Trial) -> None:
    start = datetime.now(UTC)
    trial.write_csv(
        "students.csv",
        [{**STUDENT, "_loaded_at": "2026-01-31 12:00:00"}, {**STUDENT, "_loaded_at": ""}],
    )
    trial.write_csv("tutors.csv", [TUTOR])
    trial.write_json("tutor_events.json", [{**EVENT, "event_timestamp": "never"}])
    trial.loaded()
    end = datetime.now(UTC)
    (own,), (stamp,) = trial.rows("students", "_loaded_at")
    assert own == NOON
    assert start <= stamp <= end
    assert trial.value("tutors", "_loaded_at") == stamp
    assert trial.value("unreadable_rows", "_loaded_at") == stamp


def test_an_unreadable_row_keeps_its_own_loaded_at(trial: Trial) -> None:
    trial.write_json("students.json", [{**STUDENT, "age": "x", "_loaded_at": "2026-01-31 12:00"}])
    trial.loaded()
    assert trial.value("unreadable_rows", "_loaded_at") == NOON


# -- values ---------------------------------------------------------------------------------------

TEXT_FORMS = ["csv", "json", "parquet"]


def _one(trial: Trial, table: str, row: dict[str, Any], form: str) -> None:
    _write_rows(trial, table, [row], form)
    trial.loaded()


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
]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_times_without_a_zone_are_utc_and_others_keep_theirs(trial: Trial, form: str) -> None:
    rows = [{**EVENT, "event_id": text, "event_timestamp": text} for text in NOON_TEXTS]
    _write_rows(trial, "tutor_events", rows, form)
    trial.loaded()
    found = dict(trial.rows("tutor_events", "event_id, event_timestamp"))
    assert found == dict.fromkeys(NOON_TEXTS, NOON)


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_a_date_is_its_midnight_in_utc(trial: Trial, form: str) -> None:
    _one(trial, "tutors", {**TUTOR, "created_at": "2026-01-31T12:00:00.123456"}, form)
    assert trial.rows("tutors", "onboarding_date, created_at") == [
        (datetime(2026, 1, 31, tzinfo=UTC), NOON + timedelta(microseconds=123456))
    ]


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_the_zone_of_the_process_does_not_matter(trial: Trial, form: str) -> None:
    naive = [{**row, "event_timestamp": NOON.replace(tzinfo=None)} for row in EVENTS]
    _write_rows(trial, "tutor_events", naive, form)
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
    _write_rows(trial, "sessions", _sessions([(column, text) for column, text, _ in GOOD]), form)
    trial.loaded()
    assert trial.errors() == []
    names = [column.name for column in metadata.tables["raw.sessions"].columns]
    found = [dict(zip(names, row, strict=True)) for row in trial.rows("sessions")]
    for (column, text, value), row in zip(GOOD, found, strict=True):
        assert repr(row[column]) == repr(value), text


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_text_that_does_not_fit_is_kept_as_it_was(trial: Trial, form: str) -> None:
    rows = _sessions([*BAD, ("session_id", "good")])
    _write_rows(trial, "sessions", rows, form)
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
    _one(trial, "sessions", row, "csv")
    assert trial.rows("sessions", "engagement_score, late_start_minutes") == [(None, None)]
    trial.write("students.csv", 'student_id,name,grade_level,age\ns1,Ann,"",""\n')
    trial.loaded()
    assert trial.rows("students", "grade_level, age") == [(None, None)]
    (trial.files / "students.csv").unlink()
    _one(trial, "students", {**STUDENT, "grade_level": ""}, "json")
    assert ("",) in trial.rows("students", "grade_level")
    _one(trial, "students", {**STUDENT, "age": ""}, "json")
    assert trial.errors() == [f"age: '' is not {Kind.INTEGER}"]


def test_json_values_of_another_type(trial: Trial) -> None:
    trial.write(
        "students.jsonl",
        '{"student_id":5,"name":true,"age":3.0}\n'
        '{"student_id":"6","name":{"first":"Ann"}}\n'
        '{"student_id":"7","name":"[Ann]","age":"8"}\n'
        '{"student_id":"8","name":["Ann"]}\n'
        '{"student_id":"9","name":"x","age":true}\n',
    )
    trial.write(
        "sessions.jsonl",
        json.dumps({**SESSION, "engagement_score": float("nan"), "no_show": 1})
        + "\n"
        + json.dumps({**SESSION, "engagement_score": float("inf"), "no_show": "false"}),
    )
    assert trial.loaded().counts() == {"students": (5, 2, 3), "sessions": (2, 2, 0)}
    assert trial.rows("students", "student_id, name, age") == [("5", "true", 3), ("7", "[Ann]", 8)]
    assert (
        repr(trial.rows("sessions", "no_show, engagement_score")) == "[(False, inf), (True, nan)]"
    )
    assert [error.split(" is not ")[0] for error in trial.errors()] == [
        "age: 'true'",
        "name: '[\"Ann\"]'",
        'name: \'{"first":"Ann"}\'',
    ]


def test_an_error_names_every_column_and_shortens_long_values(trial: Trial) -> None:
    row = {**SESSION, "session_number": "x" * 1000, "no_show": "perhaps"}
    _one(trial, "sessions", row, "csv")
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
    ('["a\\nb", "{c}", "[d]"]', ["a\nb", "{c}", "[d]"]),
    ('{"a,b","{c}"}', ["a,b", "{c}"]),
    ("null", None),
]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_arrays_of_both_notations(trial: Trial, form: str) -> None:
    rows = [{**TUTOR, "tutor_id": f"t{i:02}", "subjects": t} for i, (t, _) in enumerate(ARRAYS)]
    _write_rows(trial, "tutors", rows, form)
    trial.loaded()
    assert trial.errors() == []
    found = trial.rows("tutors", "tutor_id, subjects")
    assert [subjects for _, subjects in found] == [value for _, value in ARRAYS]


NO_ARRAYS = [
    *("Math", "{a,}", "{a", "{{a},{b}}", '{"a"b}', '[["a"]]', '[{"a":1}]', '["a"', '{"a":1}'),
    *("5", '["a\\u0000b"]', "['a']"),
]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_what_is_no_array_of_text(trial: Trial, form: str) -> None:
    _write_rows(trial, "tutors", [{**TUTOR, "subjects": text} for text in NO_ARRAYS], form)
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
        _write_rows(trial, "tutor_events", rows, form)
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
]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_metadata_that_no_database_would_hold(trial: Trial, form: str) -> None:
    rows = [{**EVENT, "metadata": text} for text in HOSTILE]
    if form == "csv":
        trial.write_csv("tutor_events.csv", rows)
    else:
        _write_rows(trial, "tutor_events", rows, form)
    assert trial.loaded().counts() == {"tutor_events": (len(HOSTILE), 0, len(HOSTILE))}
    records = [json.loads(row[0])["metadata"] for row in trial.rows("unreadable_rows", "record")]
    assert sorted(records) == sorted(HOSTILE)


def test_metadata_objects_of_json_are_held_to_the_same(trial: Trial) -> None:
    values = [{"a": float("nan")}, {"a": "x\0"}, {"a": "NaN"}, [1], 5, "x"]
    trial.write_json("tutor_events.json", [{**EVENT, "metadata": value} for value in values])
    assert trial.loaded().counts() == {"tutor_events": (6, 3, 3)}
    assert trial.rows("tutor_events", "metadata") == [("5",), ("[1]",), ('{"a":"NaN"}',)]


# -- Parquet of other types -----------------------------------------------------------------------


def _cast(values: list[Any], kind: pa.DataType) -> Callable[[], pa.Array]:
    return lambda: pa.array(values, kind)


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (_cast([NOON.replace(tzinfo=None)], pa.timestamp("ns")), NOON),
        (_cast([NOON.replace(tzinfo=None)], pa.timestamp("us")), NOON),
        (_cast([NOON.replace(tzinfo=None)], pa.timestamp("ms")), NOON),
        (_cast([NOON], pa.timestamp("ns", "UTC")), NOON),
        (_cast([NOON], pa.timestamp("us", "Asia/Tokyo")), NOON),
        (
            _cast([NOON.astimezone(timezone(timedelta(hours=5)))], pa.timestamp("ms", "+05:00")),
            NOON,
        ),
        (_cast([date(2026, 1, 31)], pa.date32()), NOON - timedelta(hours=12)),
        (_cast(["2026-01-31T12:00:00Z"], pa.large_string()), NOON),
        (_cast([b"2026-01-31 12:00:00"], pa.binary()), NOON),
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
        ("session_number", _cast([3], pa.int64()), 3),
        ("session_number", _cast([3], pa.uint8()), 3),
        ("session_number", _cast([3.0], pa.float64()), 3),
        ("session_number", _cast([Decimal("3.00")], pa.decimal128(10, 2)), 3),
        ("session_number", _cast([None], pa.null()), None),
        ("session_number", _cast([3.5], pa.float64()), "3.5"),
        ("session_number", _cast([float("nan")], pa.float64()), "nan"),
        ("session_number", _cast([2**31], pa.int64()), "2147483648"),
        ("session_number", _cast([True], pa.bool_()), "true"),
        ("engagement_score", _cast([0.5], pa.float32()), 0.5),
        ("engagement_score", _cast([1], pa.int32()), 1.0),
        ("engagement_score", _cast([Decimal("0.25")], pa.decimal128(4, 2)), 0.25),
        ("no_show", _cast([1], pa.int8()), True),
        ("no_show", _cast([0.0], pa.float64()), False),
        ("no_show", _cast([2], pa.int8()), "2"),
        ("subject", _cast(["x"], pa.dictionary(pa.int8(), pa.string())), "x"),
        ("subject", _cast([7], pa.int64()), "7"),
        ("subject", _cast(["é".encode()], pa.binary()), "é"),
        ("subject", _cast([["x"]], pa.list_(pa.string())), '["x"]'),
        ("subject", _cast(["a\0b"], pa.string()), "a\\u0000b"),
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
        (_cast([["a", None]], pa.large_list(pa.large_string())), ["a", None]),
        (_cast([["a", "b"]], pa.list_(pa.string(), 2)), ["a", "b"]),
        (_cast([[1, 2]], pa.list_(pa.int64())), ["1", "2"]),
        (_cast([[]], pa.list_(pa.null())), []),
        (_cast(["{a,b}"], pa.string()), ["a", "b"]),
        (_cast([None], pa.null()), None),
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
    _one(trial, "tutors", {**TUTOR, "subjects": ["a", "b\0"]}, "parquet")
    assert trial.rows("tutors") == []
    assert len(trial.errors()) == 1


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (_cast([{"a": 1, "b": ["x"]}], None), '{"a":1,"b":["x"]}'),
        (_cast([[("a", 1.5)]], pa.map_(pa.string(), pa.float64())), '{"a":1.5}'),
        (_cast([[1, 2]], pa.list_(pa.int64())), "[1,2]"),
        (_cast([5], pa.int64()), "5"),
        (_cast(['{"a": 1}'], pa.large_string()), '{"a":1}'),
    ],
)
def test_parquet_metadata(trial: Trial, array: Callable[[], pa.Array], value: str) -> None:
    columns = {name: pa.array([text]) for name, text in EVENT.items()}
    table = pa.table({**columns, "metadata": array()})
    pq.write_table(table, trial.files / "tutor_events.parquet")
    trial.loaded()
    assert trial.value("tutor_events", "metadata") == value


# -- what is printed ------------------------------------------------------------------------------


def test_counts_are_printed_and_unreadable_rows_are_no_failure(trial: Trial) -> None:
    trial.write_json("students.json", [STUDENT, {**STUDENT, "age": "x"}])
    trial.write_csv("tutors.csv", [TUTOR])
    outcome = trial.loaded()
    assert outcome.counts() == {"tutors": (1, 1, 0), "students": (2, 1, 1)}
    assert outcome.out.splitlines()[-1] == f"Loaded into {trial.database}."
    assert "Warning: 1 row of" in outcome.err
    assert "raw.unreadable_rows says why" in outcome.err
    assert set(metadata.tables["raw.unreadable_rows"].columns.keys()) == set(
        unreadable_rows.columns.keys()
    )


def test_a_target_that_is_none_is_a_usage_error(trial: Trial) -> None:
    trial.write_csv("students.csv", [STUDENT])
    assert trial.load("--target", "oracle").code == 2
    assert not trial.database.exists()


def test_many_rows_pass_every_batch_limit(trial: Trial) -> None:
    def students() -> Iterable[str]:
        for number in range(120_000):
            yield f's{number},"name\n{number}",{"x" if number % 1000 == 0 else number % 90}\n'

    trial.write("students.csv", "student_id,name,age\n" + "".join(students()))
    assert trial.loaded().counts() == {"students": (120_000, 119_880, 120)}
    ids = {row[0] for row in trial.rows("students", "student_id")}
    assert len(ids) == 119_880
