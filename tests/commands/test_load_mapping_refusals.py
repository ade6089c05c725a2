"""`tutormax load --mapping`: what a mapping cannot mean is refused with one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from support.load_mapping import mapped, sessions
from support.load_trial import (
    SESSION,
    STUDENT,
    Trial,
)
from tutormax.errors import UserError
from tutormax.load.mapping_file import read_mapping

REFUSALS = {
    "not YAML": ("tables: [", "my.yml, line 1: not YAML"),
    "empty": ("# nothing\n", "my.yml is empty"),
    "binary": ("\x01", "my.yml: not YAML"),
    "a list": ("- tables", "my.yml, line 1: a mapping is not a list of 'key: value'"),
    "two documents": ("a: b\n---\na: b", "not YAML"),
    "unknown key": (
        "null: x\nzone: UTC",
        "my.yml, line 2: 'zone' is unknown in a mapping; use null",
    ),
    "unknown table": (
        "tables: {pupils: {}}",
        "'pupils' is unknown in tables; use tutors, students",
    ),
    "unknown key of a table": ("tables: {tutors: {file: x}}", "'file' is unknown in tutors; use"),
    "key twice": ("null: a\nnull: b", "line 2: 'null' is given twice"),
    "null of lists": ("null: [[a]]", "line 1: there is no single text here"),
    "zone": ("time_zone: Mars/Base", "line 1: the time zone 'Mars/Base' is unknown"),
    "zone of a column": (
        sessions("scheduled_start: {from: X, time_zone: Here}"),
        "line 5: the time zone 'Here' is not the name of a region",
    ),
    "zone abbreviated": ("time_zone: BST", "line 1: the time zone 'BST' is not the name of a"),
    "unknown column": (
        sessions("teacher: X"),
        "line 5: 'teacher' is unknown in columns of sessions",
    ),
    "unknown key of a column": (sessions("subject: {form: X}"), "'form' is unknown in subject"),
    "column without from": (sessions("subject: {values: {a: b}}"), "subject has no 'from'"),
    "line of a column": (sessions("subject:\n        values: {a: b}"), "line 6: subject has no"),
    "value and more": (sessions("subject: {value: a, from: b}"), "has a constant value and more"),
    "two ways": (
        sessions("no_show: {from: X, values: {a: true}, list: ','}"),
        "no_show has values and list",
    ),
    "format of a text": (sessions("subject: {from: X, format: '%Y'}"), "'format' does not suit"),
    "list of a text": (sessions("subject: {from: X, list: ','}"), "'list' does not suit subject"),
    "decimal of a text": (sessions("subject: {from: X, decimal: ','}"), "'decimal' does not suit"),
    "other decimal": (
        sessions("engagement_score: {from: X, decimal: x}"),
        "decimal 'x' is unknown",
    ),
    "delimiter of two": ("delimiter: ';;'", "line 1: the delimiter is not one character of ASCII"),
    "delimiter beyond ASCII": ("delimiter: ¦", "the delimiter is not one character of ASCII"),
    "no delimiter": ("delimiter: ''", "the delimiter is not one character of ASCII"),
    "line end": ('quote: "\\n"', "the quote is not one character of ASCII"),
    "quote as delimiter": (
        "tables: {tutors: {delimiter: '\"'}}",
        "the delimiter is also the quote",
    ),
    "encoding": ("encoding: latin-99", "line 1: the encoding 'latin-99' is unknown"),
    "codec that is no encoding": ("encoding: base64", "the encoding 'base64' is unknown"),
    "decimal of all": ("decimal: ;", "line 1: decimal ';' is unknown"),
    "no separator": ("tables: {tutors: {columns: {subjects: {from: X, list: ''}}}}", "is empty"),
    "constant": (sessions("no_show: {value: maybe}"), "'maybe' of no_show is not a boolean"),
    "value of values": (
        sessions("no_show: {from: X, values: {a: maybe}}"),
        "the value 'maybe' of no_show is not a boolean",
    ),
    "no values": (sessions("no_show: {from: X, values: {}}"), "values is empty"),
    "no formats": (sessions("created_at: {from: X, format: []}"), "list of formats is empty"),
    "absolute glob": ("tables: {tutors: {files: [/etc/*]}}", "'/etc/*' is not a glob"),
    "glob of two stars": ("tables: {tutors: {files: '**a'}}", "'**a' is not a glob"),
    "glob of nothing": ("tables: {tutors: {files: ''}}", "'' is not a glob"),
    "glob of a dot": ("tables: {tutors: {files: .}}", "'.' is not a glob"),
    "glob upwards": ("tables: {tutors: {files: ../*.csv}}", "'../*.csv' is not a glob"),
}
FORMATS = ["%Q", "MM/DD/YYYY", "", "%", "%m/%d", "%H:%M", "%m/%d/%Y %I:%M", "%Y-%m", "epoch"]
REFUSALS |= {
    f"format {format_!r}": (
        sessions(f"created_at: {{from: X, format: {json.dumps(format_)}}}"),
        f"line 5: strptime cannot read a whole date by the format {format_!r}",
    )
    for format_ in FORMATS
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_a_mapping_cannot_mean_is_refused(tmp_path: Path, name: str) -> None:
    mapping, sentence = REFUSALS[name]
    path = tmp_path / "my.yml"
    path.write_text(mapping, encoding="utf-8")
    with pytest.raises(UserError) as refusal:
        read_mapping(path)
    assert sentence in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


FOLDERS = {
    "mapping": ("zone: UTC", "my.yml, line 1: 'zone' is unknown"),
    "glob without files": ("tables:\n  tutors:\n    files: T*.csv", "my.yml, line 3: no file in"),
    "other files": ("tables: {tutors: {files: notes*}}", "is not a file that can be loaded"),
    "missing column": (sessions("subject: Topic"), "my.yml, line 5: "),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_mapping_that_does_not_suit_the_folder_loads_nothing(trial: Trial, name: str) -> None:
    mapping, sentence = FOLDERS[name]
    trial.write_csv("students.csv", [STUDENT])
    trial.write_csv("sessions.csv", [SESSION | {"X": "1"}])
    trial.write("notes.txt", "x")
    assert sentence in trial.refused(*mapped(trial, mapping))
    if trial.database.exists():
        with duckdb.connect(str(trial.database)) as con:
            assert con.execute("FROM duckdb_tables()").fetchall() == []


def test_mappings_that_are_not_there_or_not_text(trial: Trial) -> None:
    trial.write_csv("students.csv", [STUDENT])
    missing = trial.files / "none.yml"
    assert "none.yml cannot be read" in trial.refused("--mapping", str(missing))
    missing.write_bytes(b"null: \xff")
    assert "is not UTF-8" in trial.refused("--mapping", str(missing))
    missing.write_text("null: " + "[" * 100_000)
    assert "not YAML" in trial.refused("--mapping", str(missing))


def test_cells_between_semicolons_are_noticed_by_mapped_names(trial: Trial) -> None:
    trial.write("students.csv", "Pupil No;Full Name\n1;Ann\n")
    mapping = "tables: {students: {columns: {student_id: Pupil No, name: Full Name}}}"
    refusal = trial.refused(*mapped(trial, mapping))
    assert "separated by semicolons; save it with commas between them, or name the" in refusal
    refusal = trial.refused(*mapped(trial, 'delimiter: "|"\n' + mapping))
    assert "separated by semicolons; save it with pipes (|) between them" in refusal
    trial.write("students.csv", "sep=;\nPupil No;Full Name\n1;Ann\n")
    refusal = trial.refused(*mapped(trial, 'delimiter: ";"\n' + mapping))
    assert "students.csv begins with the line 'sep=;' and not with the header; remove it" in refusal


def test_text_in_another_encoding_than_the_declared(trial: Trial) -> None:
    trial.write("students.csv", "student_id,name\ns1,Zoé\n".encode("latin-1"))
    refusal = trial.refused(*mapped(trial, "encoding: utf-16-le"))
    assert "students.csv is not text in the encoding utf-16-le (" in refusal
    trial.write("students.csv", b"\x1f\x8b")
    assert "is compressed (gzip)" in trial.refused(*mapped(trial, "encoding: latin-1"))
