"""The DuckDB file that `tutormax load` writes: where it is, who may read it, what is in its way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

from support.load_trial import (
    STUDENT,
    TUTOR,
    Trial,
)
from tutormax.operations.check import _missing_on_duckdb
from tutormax.schema import LOADED_AT, metadata, unreadable_rows
from tutormax.warehouse import duckdb_type, ensure_raw_duckdb


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


def test_what_has_personal_values_is_private(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that came first makes the file as the umask says."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "dbt_project.yml").touch()
    monkeypatch.chdir(project)
    trial.database.parent.mkdir(parents=True)
    duckdb.connect(str(trial.database)).close()
    assert trial.database.stat().st_mode & 0o044
    trial.write_csv("tutors.csv", [TUTOR])
    trial.loaded()
    for path in (trial.database, project / "logs", project / "target"):
        assert not path.stat().st_mode & 0o077, path
    trial.database.chmod(0o644)
    assert _missing_on_duckdb() == [
        f"Privacy: others on this machine can read {trial.database}: chmod 600 {trial.database}"
    ]


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


def test_counts_are_printed_and_unreadable_rows_are_no_failure(trial: Trial) -> None:
    trial.write_json("students.json", [STUDENT, {**STUDENT, "age": "x"}])
    trial.write_csv("tutors.csv", [TUTOR])
    outcome = trial.loaded()
    assert outcome.counts() == {"tutors": (1, 1, 0), "students": (2, 1, 1)}
    assert outcome.out.splitlines()[-1] == f"Loaded into {trial.database}."
    assert "Warning: 1 row of" in outcome.err
    assert "is in raw.unreadable_rows: 1 of age: 'x' is not a 32-bit integer." in outcome.err
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
