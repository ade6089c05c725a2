"""What people are told to prepare: the reasons, docs/your-data.md as it stands, and examples/."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from test_load import BAD_FILES

from support.load_trial import EVENT, SESSION, STUDENT, TUTOR, Trial, parquet_bytes, write_rows
from support.project import REPOSITORY
from support.rule_cases import reasons_of_models
from support.warehouses import NewDuckDb
from tutormax.load.columns import Kind
from tutormax.load.mapping_file import COLUMN_KEYS, ROOT_KEYS, TABLE_KEYS
from tutormax.reports.reasons import read_meanings
from tutormax.schema import KEYS

EXAMPLES = REPOSITORY / "examples"
PAGE = (REPOSITORY / "docs" / "your-data.md").read_text(encoding="utf-8")


def page_table(heading: str) -> list[tuple[str, list[list[str]]]]:
    """The rows of the table with this heading: the first cell, and what each has in backticks."""
    body = PAGE.split(f"\n| {heading} |", 1)[1].split("\n\n", 1)[0]
    rows = [line.strip("|").split("|") for line in body.splitlines()[2:]]
    return [(cells[0].strip(), [re.findall("`(.+?)`", cell) for cell in cells]) for cells in rows]


def test_every_reason_and_no_other_has_a_meaning() -> None:
    meanings, found = read_meanings(REPOSITORY), reasons_of_models()
    counts = Counter(reason for meaning in meanings for reason in meaning.reasons)
    assert counts == Counter({reason for _, reason in found})
    assert len(counts) > 60
    for meaning in meanings:
        given = {table for table, reason in found if reason in meaning.reasons}
        assert given == set(meaning.tables), meaning


COLUMNS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "text": ("students", "name", STUDENT),
    "integer": ("students", "age", STUDENT),
    "double": ("sessions", "engagement_score", SESSION),
    "boolean": ("sessions", "no_show", SESSION),
    "timestamp": ("tutor_events", "event_timestamp", EVENT),
    "array": ("tutors", "subjects", TUTOR),
    "json": ("tutor_events", "metadata", EVENT),
}
VALUES = {kind: spellings for kind, (_, *spellings) in page_table("type | accepted")}


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name.lower())
def test_values_are_accepted_and_refused_as_the_page_says(trial: Trial, kind: Kind) -> None:
    accepted, refused = VALUES[kind.name.lower()]
    assert accepted and (refused or kind is Kind.TEXT)
    table, column, row = COLUMNS[kind.name.lower()]
    forms = ("csv", "json", "parquet")
    for part, form in enumerate(forms):
        rows = [
            {**{name: str(value) for name, value in row.items()}, column: text, KEYS[table]: form}
            for text in (*accepted, *refused)
        ]
        if form == "csv":
            trial.write_csv(f"{table}.csv", rows)
        else:
            write_rows(trial, table, rows, form)
        (trial.files / f"{table}.{form}").rename(trial.files / f"{table}_{part}.{form}")
    expected = tuple(len(forms) * len(texts) for texts in (rows, accepted, refused))
    assert trial.loaded().counts() == {table: expected}
    assert None not in {value for (value,) in trial.rows(table, f"{column}::varchar")}
    records = [json.loads(record) for (record,) in trial.rows("unreadable_rows", "record")]
    for form in forms:
        found = [record[column] for record in records if record[KEYS[table]] == form]
        assert sorted(found) == sorted(refused), form


def content(name: str) -> bytes:
    """One session, as the ending of a file's name wants it."""
    plain = name.removesuffix(".gz").removesuffix(".zst")
    made = {
        "csv": f"{','.join(SESSION)}\n{','.join(map(str, SESSION.values()))}\n".encode(),
        "json": json.dumps([SESSION]).encode(),
        "parquet": parquet_bytes([SESSION]),
    }.get(plain.rsplit(".", maxsplit=1)[1], json.dumps(SESSION).encode())
    if name.endswith(".gz"):
        return gzip.compress(made)
    return pa.compress(made, "zstd", asbytes=True) if name.endswith(".zst") else made


def test_files_are_found_and_passed_over_as_the_page_says(trial: Trial, tmp_path: Path) -> None:
    ((_, (loaded, passed_over)),) = page_table("loaded into `sessions`")
    for number, name in enumerate(loaded):
        trial.files = tmp_path / str(number)
        (trial.files / name).parent.mkdir(parents=True)
        trial.write(name, content(name))
        outcome = trial.loaded()
        assert (outcome.counts(), outcome.err) == ({"sessions": (1, 1, 0)}, ""), name
    assert len(trial.rows("sessions")) == len(loaded)
    for name in passed_over:
        trial.files = tmp_path / f"only {name}"
        trial.files.mkdir()
        trial.write(name, "x")
        trial.write_csv("students.csv", [STUDENT])
        outcome = trial.loaded()
        assert [*outcome.counts()] == ["students"] and f"Not loaded: {name};" in outcome.err


def test_a_bad_file_stops_the_load_nothing_of_it_stays_and_the_page_names_it(trial: Trial) -> None:
    trial.write_csv("tutors.csv", [TUTOR])
    trial.loaded()
    before = trial.total()
    two = {name: content(name) for name in ("sessions.csv", "sessions.json")}
    cases: dict[str, tuple[dict[str, Any], str]] = {
        kind: ({name: held}, told) for kind, (name, held, told) in BAD_FILES.items()
    }
    cases["two endings"] = (two, "has sessions.csv and sessions.json, and only one")
    named = [text for _, (_, texts) in page_table("a file that") for text in texts]
    messages, wrong = [], {}
    for kind, (files, told) in cases.items():
        # The bad file comes after good ones, in the order of the tables.
        trial.write_csv("tutors.csv", [{**TUTOR, "tutor_id": "t2"}, {**TUTOR, "status": "x"}])
        written = [trial.write(name, held) for name, held in files.items()]
        done = trial.load()
        messages.append(done.err)
        wrong[kind] = [
            what
            for what, holds in {
                "code": (done.code, done.out) == (1, ""),
                "one sentence": done.err.startswith("Error: ") and done.err.count("\n") == 1,
                "what is wrong": told in done.err,
                "which file": kind == "two endings" or str(written[0]) in done.err,
                "not on the page": any(text in done.err for text in named),
            }.items()
            if not holds
        ]
        for path in written:
            path.unlink()
    assert {kind: found for kind, found in wrong.items() if found} == {}
    assert trial.total() == before
    assert [text for text in named if not any(text in said for said in messages)] == []


def test_the_examples_hold_the_same_rows_and_all_are_accepted(
    trial: Trial, tmp_path: Path, new_warehouse: NewDuckDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "parquet"
    written.mkdir()
    for table in KEYS:
        source, file = EXAMPLES / "jsonl" / f"{table}.jsonl", written / f"{table}.parquet"
        duckdb.connect().execute(f"copy (from '{source}') to '{file}'")
    held = {}
    for folder in (EXAMPLES / "csv", EXAMPLES / "jsonl", EXAMPLES / "json", written):
        trial.files, trial.database = folder, tmp_path / folder.name / "warehouse.duckdb"
        monkeypatch.setenv("TUTORMAX_DUCKDB_PATH", str(trial.database))
        outcome = trial.loaded()
        assert outcome.err == "" and set(outcome.counts()) == set(KEYS)
        assert {unreadable for _, _, unreadable in outcome.counts().values()} == {0}
        held[folder.name] = {table: trial.rows(table, "* exclude _loaded_at") for table in KEYS}
    assert held["csv"] == held["jsonl"] == held["json"] == held["parquet"]

    warehouse = new_warehouse()
    warehouse.load(EXAMPLES / "csv")
    warehouse.build("--select", "+rejected_records", "+path:models/core")
    assert warehouse.rows("rejected_records") == []
    assert {t: len(warehouse.rows(t)) for t in KEYS} == {t: len(r) for t, r in held["csv"].items()}


def test_the_page_names_every_key_of_a_mapping() -> None:
    section = PAGE.split("\n## Files of another system\n")[1].split("\n## ")[0]
    assert {f"`{key}`" for key in (*ROOT_KEYS, *TABLE_KEYS, *COLUMN_KEYS)} - set(
        re.findall("`[^`]+`", section)
    ) <= {"`tables`", "`columns`"}
