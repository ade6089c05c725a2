"""`tutormax load --target spark`: the same rows as in DuckDB, as files, all or nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from support.edge_cases import EVENTS, SESSIONS, STUDENTS, write_edge_cases
from support.project import environment
from tutormax import cli
from tutormax.load.loader import load_directory
from tutormax.load.parquet_sink import ParquetSink
from tutormax.schema import metadata, students
from tutormax.spark.reading import connect_spark
from tutormax.warehouse import RawTarget, one_row

Refusal = Callable[..., str]

ONE_STUDENT = (
    "select 's' as student_id, 'Ann' as name, 12 as age, 'x' as grade_level, ['a'] as "
    "subjects_interested, now() as created_at, now() as updated_at, now() as _loaded_at"
)

# Writes a student and is killed: before the commit, or in the middle of it, once all is staged.
KILLED = f"""
import os, signal, sys
from pathlib import Path
import duckdb
from tutormax.load import parquet_sink
from tutormax.schema import students

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

sink = parquet_sink.ParquetSink(duckdb.connect(), Path(sys.argv[1]))
sink.prepare()
sink.write(students, {ONE_STUDENT!r}, lambda _: None)
if sys.argv[2] == "in the commit":
    parquet_sink._settle = die
    sink.commit()
die()
"""


@pytest.fixture
def spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of Spark, not there yet."""
    folder = tmp_path / "o'spark [1] é"
    monkeypatch.setenv("TUTORMAX_SPARK_DIR", str(folder))
    monkeypatch.setenv("TUTORMAX_DUCKDB_PATH", str(tmp_path / "warehouse.duckdb"))
    return folder


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def loaded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loaded")
    write_edge_cases(folder)
    with environment({"TUTORMAX_SPARK_DIR": str(folder / "spark")}):
        load_directory(folder, RawTarget.SPARK)
    return folder


@pytest.fixture
def loaded(loaded_once: Path, spark: Path, files: Path) -> None:
    """Lets the edge cases be loaded, and their files be there."""
    shutil.copytree(loaded_once / "spark", spark)
    for file in loaded_once.glob("*.*"):
        shutil.copy(file, files)


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refusal:
    """The one sentence that a command ends with."""

    def refuse(*words: str | Path) -> str:
        monkeypatch.setattr(sys, "argv", ["tutormax", *map(str, words)])
        with pytest.raises(SystemExit) as exit_:
            cli.app()
        printed = capsys.readouterr()
        assert (exit_.value.code, printed.out) == (1, "")
        assert len(printed.err.splitlines()) == 1
        return printed.err

    return refuse


def found_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() or ".load" in path.name)


def student_count() -> int:
    with connect_spark() as con:
        return int(one_row(con, "select count(*) from raw.students")[0])


def test_the_rows_are_those_of_duckdb_however_often_loaded(spark: Path, files: Path) -> None:
    write_edge_cases(files)
    for _ in range(2):
        counts = load_directory(files, RawTarget.SPARK).counts
        assert counts == load_directory(files, RawTarget.DUCKDB).counts
    with connect_spark() as con:
        con.execute(f"attach '{os.environ['TUTORMAX_DUCKDB_PATH']}' as warehouse (read_only)")
        total = 0
        for table in metadata.tables.values():
            columns = ", ".join(
                f'"{column.name}"::varchar' if str(column.type) == "JSONB" else f'"{column.name}"'
                for column in table.columns
            )
            here = f"select {columns} from memory.raw.{table.name}"
            there = f"select {columns} from warehouse.raw.{table.name}"
            assert con.execute(f"{here} except all {there}").fetchall() == []
            assert con.execute(f"{there} except all {here}").fetchall() == []
            total += one_row(con, f"select count(*) from ({here})")[0]
    assert total == 2 * sum(map(len, (STUDENTS, EVENTS, SESSIONS)))


@pytest.mark.usefixtures("loaded")
def test_spark_finds_the_types_that_it_knows(spark: Path) -> None:
    (file,) = (spark / "raw" / "tutor_events").iterdir()
    columns = pq.ParquetFile(file).schema
    types = {columns.column(i).name: columns.column(i) for i in range(len(columns.names))}
    assert str(types["metadata"].logical_type) == "String"
    for name in ("event_timestamp", "_loaded_at"):
        told = str(types[name].logical_type)
        assert "isAdjustedToUTC=true" in told, told
        assert "timeUnit=microseconds" in told, told
    # Of a table without rows there is a folder, which is all that Spark needs; and one for scratch.
    assert list((spark / "raw" / "tutors").iterdir()) == []
    assert (spark / "tmp").is_dir()


@pytest.mark.usefixtures("loaded")
def test_a_bad_file_leaves_nothing(spark: Path, files: Path, refusal: Refusal) -> None:
    before = found_in(spark)
    with (files / "tutor_events.jsonl").open("a") as lines:
        lines.write("\n{")
    said = refusal("load", files, "--target", "spark")
    assert f"malformed JSON at line {len(EVENTS) + 1}" in said
    assert found_in(spark) == before


def test_a_parquet_file_damaged_in_its_middle_leaves_nothing(
    spark: Path, files: Path, refusal: Refusal
) -> None:
    path = files / "students.parquet"
    rows = [{"student_id": f"s{number}", "name": f"name {number}"} for number in range(50_000)]
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=5_000)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 20_000] = b"\xff" * 20_000
    path.write_bytes(whole)
    said = refusal("load", files, "--target", "spark")
    assert f"{path} is not a whole Parquet file" in said
    assert found_in(spark) == []


def test_a_commit_that_fails_leaves_nothing(spark: Path) -> None:
    sink = ParquetSink(duckdb.connect(), spark)
    sink.prepare()
    for table in (students, metadata.tables["raw.tutors"]):
        query = f"select {', '.join(f'null as {c.name}' for c in table.columns)}"
        typed = ONE_STUDENT if table is students else query
        sink.write(table, typed, lambda _: None)
    shutil.rmtree(spark / "raw" / "tutors")
    with pytest.raises(cli.UserError, match="cannot be written"):
        sink.commit()
    sink.rollback()
    assert found_in(spark) == []


@pytest.mark.parametrize(("moment", "rows"), [("before the commit", 0), ("in the commit", 1)])
def test_a_killed_load_counts_whole_or_not_at_all(
    moment: str, rows: int, spark: Path, files: Path
) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(spark), moment], check=False)
    assert killed.returncode == -9
    assert student_count() == 0
    (files / "tutors.csv").write_text("tutor_id,name,email,onboarding_date,status\n")
    load_directory(files, RawTarget.SPARK)
    assert student_count() == rows
    # A file without rows leaves none.
    assert list((spark / "raw" / "tutors").iterdir()) == []
    assert not list((spark / "raw").glob(".*"))


def test_loads_at_the_same_time_lose_nothing(spark: Path, files: Path) -> None:
    write_edge_cases(files)
    slow = ParquetSink(duckdb.connect(), spark)
    slow.prepare()
    slow.write(students, ONE_STUDENT, lambda _: None)
    load_directory(files, RawTarget.SPARK)
    slow.commit()
    assert student_count() == 2 + 1
    assert not list((spark / "raw").glob(".*"))


@pytest.mark.usefixtures("loaded")
def test_files_with_other_columns_are_refused(spark: Path, files: Path, refusal: Refusal) -> None:
    (file,) = (spark / "raw" / "students").iterdir()
    table = pq.read_table(file).rename_columns({"grade_level": "grade"})
    age = table.schema.get_field_index("age")
    pq.write_table(table.set_column(age, "age", table["age"].cast("int64")), file)
    before = found_in(spark)
    said = refusal("load", files, "--target", "spark")
    assert f"{file} has other columns than this version of tutormax expects" in said
    assert "(grade_level is missing; grade is unknown; age is int64 and should be int32)" in said
    assert found_in(spark) == before


def test_a_folder_that_cannot_be_is_named(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    write_edge_cases(files)
    (tmp_path / "taken").touch()
    monkeypatch.setenv("TUTORMAX_SPARK_DIR", str(tmp_path / "taken"))
    for words in (("load", files, "--target", "spark"), ("spark", "check")):
        said = refusal(*words)
        assert "set TUTORMAX_SPARK_DIR to a folder that can be." in said


def test_a_check_says_that_all_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORMAX_SPARK_DIR", str(tmp_path))
    result = CliRunner().invoke(cli.commands, ["spark", "check"])
    assert re.search(
        rf"Spark [\d.]+ can start in Java \d+; its tables are in {tmp_path}", result.output
    )


@pytest.mark.usefixtures("loaded")
def test_a_summary_before_a_build(refusal: Refusal) -> None:
    said = refusal("summary", "--target", "spark")
    assert re.search(
        r"\b24 rows loaded, not built yet\. There are no published tables on spark yet: "
        "run `dbt build --target spark`.",
        said,
    )


def test_tables_are_read_as_spark_writes_them(spark: Path) -> None:
    database = spark / "warehouse" / "tutormax.db"
    table = database / "sessions"
    month = table / "stored_month=2026-01-01"
    (table / "_temporary").mkdir(parents=True)
    month.mkdir()
    pq.write_table(pa.table({"id": [1]}), month / "part-0.parquet")
    pq.write_table(pa.table({"id": [2], "new": ["x"]}), month / "part-1.parquet")
    pq.write_table(pa.table({"id": [3]}), month / ".part-2.parquet")
    pq.write_table(pa.table({"id": [4]}), table / "_temporary" / "part-3.parquet")
    (database / "rejected_records").mkdir()
    # Spark's own folder for the database of the raw tables, which stand elsewhere.
    (spark / "warehouse" / "raw.db").mkdir()
    with connect_spark() as con:
        rows = con.execute(
            "select id, new, stored_month::varchar from tutormax.sessions order by id"
        ).fetchall()
        assert rows == [(1, None, "2026-01-01"), (2, "x", "2026-01-01")]
        empty = con.execute("select reasons[1], rejected_at from tutormax.rejected_records")
        assert empty.fetchall() == []


@pytest.mark.parametrize(
    ("java", "sentence"),
    [
        (None, "Spark needs Java, and there is none in PATH; install Java 17 or later, or"),
        ("echo 'openjdk version \"11.0.2\"' >&2", "java is Java 11, too old for Spark; install"),
        ("echo 'java version \"1.8.0_392\"' >&2", "java is Java 8, too old for Spark; install"),
        ("exit 1", "java does not say which version of Java it is; install Java 17 or later"),
    ],
)
@pytest.mark.usefixtures("spark")
def test_no_build_without_java(
    java: str | None,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refusal: Refusal,
) -> None:
    if java is not None:
        (tmp_path / "java").write_text(f"#!/bin/sh\n{java}\n")
        (tmp_path / "java").chmod(0o755)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sentence in refusal("spark", "check")


def test_no_build_without_its_packages(
    spark: Path, monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    said = refusal("spark", "check")
    assert "`make build TARGET=spark` installs them" in said


@pytest.mark.skipif(
    not (shutil.which("java") or os.environ.get("JAVA_HOME")), reason="Java is not installed"
)
def test_a_check_clears_what_sessions_and_killed_loads_leave(
    spark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (spark / "tmp" / "0b2c_resources").mkdir(parents=True)
    (spark / "raw" / ".load-1").mkdir(parents=True)
    monkeypatch.setattr(sys, "argv", ["tutormax", "spark", "check"])
    with pytest.raises(SystemExit) as ended:
        cli.app()
    assert ended.value.code == 0
    assert list((spark / "tmp").iterdir()) == []
    assert not list((spark / "raw").glob(".*"))
