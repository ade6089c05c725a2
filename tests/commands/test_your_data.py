"""What people are told to prepare: the reasons for rejection, and examples/."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import pytest

from support.load_trial import Trial
from support.project import REPOSITORY
from support.rule_cases import reasons_of_models
from support.warehouses import NewDuckDb
from tutormax.reports.reasons import read_meanings
from tutormax.schema import KEYS

EXAMPLES = REPOSITORY / "examples"


def test_every_reason_and_no_other_has_a_meaning() -> None:
    meanings, found = read_meanings(REPOSITORY), reasons_of_models()
    counts = Counter(reason for meaning in meanings for reason in meaning.reasons)
    assert counts == Counter({reason for _, reason in found})
    assert len(counts) > 60
    for meaning in meanings:
        given = {table for table, reason in found if reason in meaning.reasons}
        assert given == set(meaning.tables), meaning


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
    warehouse.build()
    assert warehouse.rows("rejected_records") == []
    assert {t: len(warehouse.rows(t)) for t in KEYS} == {t: len(r) for t, r in held["csv"].items()}
