"""`tutormax load`: what stops it, and what it names."""

from __future__ import annotations

import gzip
import json
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from support.load_trial import (
    EVENT,
    STUDENT,
    TUTOR,
    Trial,
    parquet_bytes,
)
from tutormax.load.columns import REQUIRED
from tutormax.load.readers import Reading, open_file
from tutormax.schema import SOURCE_TABLES


def _damaged_parquet() -> bytes:
    """Whole at both ends, spoilt between."""
    rows = [{"student_id": f"s{i}", "name": f"name {i}"} for i in range(5000)]
    whole = bytearray(parquet_bytes(rows))
    whole[4:4000] = b"\xff" * 3996
    return bytes(whole)


HEADER = "student_id,name\n"
# What test_your_data.py loads, too: the page names what stops a load.
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
        "is UTF-16 text, not UTF-8 text; save it as UTF-8",
    ),
    "utf-16 without mark": (
        "students.csv",
        (HEADER + "s1,Ann\n").encode("utf-16-be"),
        "is UTF-16 text, not UTF-8 text",
    ),
    "utf-16 of other letters": (
        "students.csv",
        (HEADER + "s1,一Анна\n" * 9).encode("utf-16-le"),
        "is UTF-16 text, not UTF-8 text",
    ),
    "utf-32": ("students.csv", f"{HEADER}s1,é\n".encode("utf-32-le"), "is UTF-32 text, not UTF-8"),
    "tar": ("students.csv", b"students.csv" + b"\0" * 245 + b"ustar", "is a tar archive"),
    "lz4": ("students.csv", b"\x04\x22\x4d\x18\x64", "is compressed (lz4)"),
    "JSON": ("students.csv", '[{"student_id": "s1"}]', "is JSON; let its name end in .json"),
    "JSON lines": ("students.csv", '{ "student_id": "s1", "name": "A"}\n', "is JSON; let its name"),
    "nothing compressed": (
        "students.jsonl.gz",
        gzip.compress(b""),
        "students.jsonl.gz holds is empty",
    ),
    "title": ("students.csv", "Pupils\n\nstudent_id,name\ns1,Ann\n", "has its header in line 3;"),
    "blanks before": ("students.csv", " \nstudent_id,name\ns1,A\n", "has its header in line 2;"),
    "semicolons": ("students.csv", "student_id;name\ns1;0,5\n", "separated by semicolons"),
    "quoted semicolons": ("students.csv", '"student_id";"name"\n"s1";"A,n"\n', "by semicolons"),
    "tabs": ("students.csv", "name\tstudent_id\nAnn\ts1\n", "separated by tabs"),
    "pipes": ("students.csv", "student_id|name\ns1|Ann\n", "separated by pipes"),
    "tildes": ("students.csv", "student_id~name\ns1~Ann\n", "separated by '~'"),
    "separator named": ("students.csv", "sep=;\nstudent_id;name\ns1;Ann\n", "by semicolons"),
    "gzip": ("students.csv", gzip.compress(HEADER.encode()), "is compressed (gzip)"),
    "cut gzip": (
        "students.csv.gz",
        gzip.compress(random.Random(1).randbytes(9999))[:5000],
        "is not a whole gzip file",
    ),
    "no gzip": ("students.csv.gz", HEADER, "is not a whole gzip file"),
    "twice gzip": (
        "students.csv.gz",
        gzip.compress(gzip.compress(HEADER.encode())),
        "is compressed (gzip)",
    ),
    "workbook": ("students.csv", b"PK\x03\x04" + b"\0" * 99, "is an Excel workbook or a ZIP file"),
    "web page": ("students.csv", "<!DOCTYPE html><p>Sign in</p>", "is HTML or XML"),
    "parquet in csv": ("students.csv", parquet_bytes([STUDENT]), "is a Parquet file"),
    "workbook in parquet": ("students.parquet", b"PK\x03\x04" + b"\0" * 99, "is an Excel workbook"),
    "latin header": ("students.csv", "student_id,name,é\n".encode("latin-1"), "not UTF-8 text"),
    "column twice": ("students.csv", "student_id,name,name\ns1,a,b\n", "the column name twice"),
    "no required": (
        "students.csv",
        "student_id\ns1\n",
        "students.csv lacks the required column name",
    ),
    "other case": ("students.csv", "Student_ID,name\ns1,Ann\n", "(it has 'Student_ID'"),
    "invisible mark": (
        "students.csv",
        "\ufeff\ufeffstudent_id,name\ns1,Ann\n",
        r"(it has '\ufeffstudent_id'",
    ),
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
    "array cut behind a comma": (
        "students.json",
        json.dumps([STUDENT])[:-1] + ",\n",
        "line 2 (the end is missing: write the file again)",
    ),
    "comma at the end": (
        "students.json",
        json.dumps([STUDENT])[:-1] + ",\n]",
        "line 2 (a comma with no value after it: remove it)",
    ),
    "cell of 4 MiB": (
        "students.csv",
        f"{HEADER}s1,{'x' * (1 << 22)}x\n",
        "a cell of more than 4 MiB",
    ),
    "row of 4 MiB": (
        "students.csv",
        f"student_id,name,x\ns1,{'x' * (1 << 21)},{'y' * (1 << 21)}\n",
        "a row of more than 4 MiB",
    ),
    "garbage after": ("students.json", json.dumps([STUDENT]) + " x", "malformed JSON at line 1"),
    "no objects": ("students.json", json.dumps([STUDENT, 5]), "malformed JSON at element 2"),
    "CSV in json": ("students.json", f"{HEADER}s1,Ann\n", "is not a JSON array; it does not begin"),
    "CSV in jsonl": ("students.jsonl", f"{HEADER}s1,Ann\n", "if it is CSV, let its name end in"),
    "blank json": ("students.json", " \n", "is not a JSON array"),
    "latin json": (
        "students.json",
        '[{"name":"\xe9"}]'.encode("latin-1"),
        "not UTF-8 text (line 1)",
    ),
    "CSV in parquet": ("students.parquet", HEADER, "not a whole Parquet file (it does not begin"),
    "no parquet": ("students.parquet", b"PAR1 and then nothing", "not a whole Parquet file"),
    "cut parquet": (
        "students.parquet",
        parquet_bytes([STUDENT])[:-30],
        "not a whole Parquet file",
    ),
    "damaged parquet": ("students.parquet", _damaged_parquet(), "not a whole Parquet file"),
    "parquet lacks": (
        "students.parquet",
        parquet_bytes([{"student_id": "s1"}]),
        "lacks the required column name",
    ),
}


@pytest.mark.parametrize("table", SOURCE_TABLES, ids=lambda table: table.name)
def test_every_required_column_is_required(trial: Trial, table: Any) -> None:
    for missing in REQUIRED[table.name]:
        names = [name for name in table.columns.keys() if name != missing]  # noqa: SIM118
        trial.write(f"{table.name}.csv", ",".join(names) + "\n")
        assert f"lacks the required column {missing}; add it" in trial.refused()
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


def test_a_directory_without_rows_is_not_passed_over(trial: Trial) -> None:
    trial.write_csv("tutors.csv", [TUTOR])
    (trial.files / "students.parquet").mkdir()
    assert "students.parquet is a directory without a file" in trial.refused()


def test_several_files_are_one_table(trial: Trial) -> None:
    csv = "student_id,name\n{0},Ann\n"
    (trial.files / "students").mkdir()
    (trial.files / "students" / "day=1").mkdir()
    trial.write("students.csv", csv.format("plain"))
    trial.write("students_2025.csv.gz", gzip.compress(csv.format("year").encode()))
    trial.write("students-part-0001.ndjson", json.dumps({**STUDENT, "student_id": "part"}))
    trial.write("students/a.csv", csv.format("a"))
    trial.write("students/day=1/b.parquet", parquet_bytes([{**STUDENT, "student_id": "b"}]))
    trial.write("students/_SUCCESS", "")
    packed = pa.compress(json.dumps([{**STUDENT, "student_id": "zst"}]).encode(), "zstd", True)
    trial.write("students/c.json.zst", packed)
    done = trial.loaded()
    assert done.counts() == {"students": (6, 6, 0)}
    assert not done.err
    found = {row[0] for row in trial.rows("students", "student_id")}
    assert found == {"plain", "year", "part", "a", "b", "zst"}


def test_strict_loads_nothing_if_too_much_cannot_be_read(trial: Trial) -> None:
    good, bad = {**STUDENT, "age": 9}, {**STUDENT, "age": "nine"}
    trial.write_csv("students.csv", [good] * 19 + [bad])
    assert trial.load("--strict").counts() == {"students": (20, 19, 1)}
    trial.write_csv("students.csv", [good] * 18 + [bad] * 2)
    trial.write_csv("tutors.csv", [TUTOR | {"onboarding_date": "soon"}])
    said = trial.refused("--strict")
    assert "1 of the 1 rows of tutors cannot be read: 1 of onboarding_date: 'soon' is not" in said
    assert "2 of the 20 rows of students cannot be read: 2 of age: 'nine' is not a 32-bit" in said
    assert trial.total() == 20
    (trial.files / "tutors.csv").unlink()
    assert "in raw.unreadable_rows: 2 of age: 'nine' is not" in trial.loaded().err


LIKE_TABLES = [
    *("Sessions.csv", "sessions.tsv", "sessions (1).csv", "sessions_old.csv", "sessions.csv.bz2"),
    *("sessions.xlsx", "tutor-events.csv", "session.csv", "feedback.json", "SESSIONS.PARQUET"),
    *("sessions.csv.gz.bak", "students/readme.txt"),
]


def test_what_looks_like_a_table_and_is_not_loaded_is_named(trial: Trial) -> None:
    (trial.files / "students").mkdir()
    trial.write("students/a.jsonl", json.dumps(STUDENT))
    for name in (*LIKE_TABLES, "README.md", ".sessions.csv", "mapping.yml"):
        trial.write(name, b"PK\x03\x04" if name.endswith("xlsx") else "x")
    said = trial.loaded().err
    (line,) = (line for line in said.splitlines() if line.startswith("Warning: Not loaded: "))
    listed = line.removeprefix("Warning: Not loaded: ").split("; a file is called")[0]
    assert "sessions.xlsx (an Excel workbook or a ZIP file; save each sheet as CSV" in listed
    for name in LIKE_TABLES:
        assert Path(name).name in listed
    for name in ("README.md", ".sessions.csv", "mapping.yml"):
        assert name not in listed.replace("sessions.csv.gz.bak", "")


def test_columns_without_a_name_are_named_if_they_have_values(trial: Trial) -> None:
    trial.write("students.csv", "student_id,name,,\ns1,Ann,,\ns2,Bob, ,\n")
    assert not trial.loaded().err
    trial.write("students.csv", ",student_id,name,\n0,s1,Ann,\n1,s2,Bob,x\n")
    assert "has the unknown columns 1 (it has no name), 4 (it has no name)" in trial.loaded().err


@pytest.mark.parametrize("where", ["directory", "file", "here", "warehouse", "spark"])
def test_a_name_that_is_not_utf8_is_a_sentence(
    where: str, trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = os.fsdecode(b"d\xe9")
    folder = tmp_path / (odd if where in ("directory", "here") else "d")
    folder.mkdir()
    name = os.fsdecode(b"students_\xe91.csv") if where == "file" else "students.csv"
    (folder / name).write_text("student_id,name\ns1,Ann\n")
    monkeypatch.chdir(folder)
    if where == "warehouse":
        monkeypatch.setenv("TUTORMAX_DUCKDB_PATH", str(tmp_path / odd))
    monkeypatch.setenv("TUTORMAX_SPARK_DIR", str(tmp_path / odd))
    trial.files = Path() if where == "here" else folder
    target = "spark" if where == "spark" else "duckdb"
    assert "\\xe9" in trial.refused("--target", target)
