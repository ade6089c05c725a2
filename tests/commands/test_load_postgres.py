"""`tutormax load --target postgres`: the same rows as in DuckDB, all or nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine, make_url, text

from support.edge_cases import EVENTS, NOON, SESSIONS, STUDENTS, write_edge_cases
from tutormax import cli
from tutormax.load.loader import load_directory
from tutormax.schema import SOURCE_TABLES, metadata
from tutormax.warehouse import RawTarget, connect_duckdb, one_row
from tutormax.warehouse import postgres_url as configured_url


@pytest.fixture
def server(postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A fresh database that the environment names, in a session zone that is not UTC."""
    url = make_url(postgres_url)
    host = url.host or url.query.get("host", "127.0.0.1")
    monkeypatch.setenv("TUTORMAX_PG_HOST", str(host))
    monkeypatch.setenv("TUTORMAX_PG_PORT", str(url.port or 5432))
    monkeypatch.setenv("TUTORMAX_PG_USER", url.username or "")
    monkeypatch.setenv("TUTORMAX_PG_PASSWORD", url.password or "")
    monkeypatch.setenv("TUTORMAX_PG_DATABASE", url.database or "")
    monkeypatch.setenv("TUTORMAX_DUCKDB_PATH", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    yield postgres_url


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


def _run(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["tutormax", "load", str(files), "--target", "postgres"])
    with pytest.raises(SystemExit) as exit_:
        cli.app()
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return int(exit_.value.code or 0), printed.out, printed.err


def _query(url: str, query: str) -> list[tuple[Any, ...]]:
    con = psycopg2.connect(url)
    try:
        with con.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            cursor.execute(query)
            return cursor.fetchall()
    finally:
        con.close()


def _total(url: str) -> int:
    counts = " UNION ALL ".join(
        f"SELECT count(*) AS n FROM raw.{table.name}" for table in metadata.tables.values()
    )
    ((total,),) = _query(url, f"SELECT sum(n) FROM ({counts}) AS counts")
    return int(total)


def test_both_engines_hold_the_same_rows(server: str, files: Path) -> None:
    write_edge_cases(files)
    counts = load_directory(files, RawTarget.POSTGRES).counts
    assert counts == load_directory(files, RawTarget.DUCKDB).counts
    assert {count.table: (count.loaded, count.unreadable) for count in counts} == {
        "students": (2, 2),
        "tutor_events": (9, 6),
        "sessions": (4, 1),
    }
    with connect_duckdb() as con:
        for table in metadata.tables.values():
            kinds = {column.name: str(column.type) for column in table.columns}
            columns = ", ".join(
                f'"{name}"::text' if kind == "DATETIME" else f'"{name}"'
                for name, kind in kinds.items()
                if kind != "JSONB"
            )
            here = con.execute(f'SELECT {columns} FROM "warehouse"."raw"."{table.name}"').fetchall()
            there = _query(server, f"SELECT {columns} FROM raw.{table.name}")
            assert sorted(map(repr, there)) == sorted(map(repr, here)), table.name
        held = one_row(
            con,
            'SELECT metadata FROM "warehouse"."raw"."tutor_events" WHERE event_id = \'e0\'',
        )
    (there_,) = _query(server, "SELECT metadata FROM raw.tutor_events WHERE event_id = 'e0'")
    assert there_[0] == json.loads(held[0]) == EVENTS[0]["metadata"]
    # None of the records is text that PostgreSQL could not take for JSON.
    assert len(_query(server, "SELECT record::jsonb FROM raw.unreadable_rows")) == 9


def test_text_arrays_and_times_arrive_as_they_were(server: str, files: Path) -> None:
    write_edge_cases(files)
    load_directory(files, RawTarget.POSTGRES)
    columns = "name, grade_level, subjects_interested, created_at, _loaded_at"
    (row,) = _query(server, f"SELECT {columns} FROM raw.students WHERE student_id = 's1'")
    first = STUDENTS[0]
    assert row == (
        first["name"],
        "",
        first["subjects_interested"],
        NOON + timedelta(microseconds=1),
        NOON,
    )
    assert _query(server, "SELECT event_id FROM raw.tutor_events WHERE metadata IS NULL") == [
        ("e1",),
        ("e3",),
    ]


def test_a_bad_file_leaves_nothing(
    server: str, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_edge_cases(files)
    code, out, _ = _run(files, monkeypatch, capsys)
    assert code == 0
    assert out.splitlines()[-1].startswith("Loaded into PostgreSQL ")
    before = _total(server)
    assert before == sum(map(len, (STUDENTS, EVENTS, SESSIONS)))
    with (files / "tutor_events.jsonl").open("a") as lines:
        lines.write("\n{")
    code, out, err = _run(files, monkeypatch, capsys)
    assert (code, out) == (1, "")
    assert f"malformed JSON at line {len(EVENTS) + 1}" in err
    assert _total(server) == before


def test_a_parquet_file_damaged_in_its_middle_leaves_nothing(
    server: str, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = files / "students.parquet"
    rows = [{"student_id": f"s{number}", "name": f"name {number}"} for number in range(50_000)]
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=5_000)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 20_000] = b"\xff" * 20_000
    path.write_bytes(whole)
    code, _, err = _run(files, monkeypatch, capsys)
    assert code == 1
    assert f"{path} is not a whole Parquet file" in err
    assert len(err.splitlines()) == 1
    assert _total(server) == 0


def test_without_the_migrations_the_sentence_says_so(
    server: str, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "students.json").write_text(json.dumps(STUDENTS))
    engine = create_engine(configured_url())
    with engine.begin() as con:
        con.execute(text("ALTER TABLE raw.tutors DROP COLUMN location CASCADE"))
    _, _, err = _run(files, monkeypatch, capsys)
    assert "lacks the columns location; run `alembic upgrade head`" in err
    with engine.begin() as con:
        con.execute(text("DROP TABLE raw.tutors CASCADE"))
    engine.dispose()
    code, _, err = _run(files, monkeypatch, capsys)
    assert code == 1
    assert "The table raw.tutors is not in PostgreSQL" in err
    assert "run `alembic upgrade head`" in err
    assert _query(server, "SELECT count(*) FROM raw.students") == [(0,)]


def test_rows_the_server_refuses_are_one_sentence(
    server: str, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "students.json").write_text(json.dumps(STUDENTS))
    engine = create_engine(configured_url())
    with engine.begin() as con:
        con.execute(text("ALTER TABLE raw.students ADD CHECK (name <> '\\.')"))
    engine.dispose()
    code, _, err = _run(files, monkeypatch, capsys)
    assert code == 1
    assert "did not take the rows of students: new row" in err
    assert len(err.splitlines()) == 1


def test_a_server_that_is_not_there_is_named(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "students.json").write_text(json.dumps(STUDENTS))
    monkeypatch.setenv("TUTORMAX_PG_HOST", "127.0.0.1")
    monkeypatch.setenv("TUTORMAX_PG_PORT", "1")
    code, _, err = _run(files, monkeypatch, capsys)
    assert code == 1
    assert "PostgreSQL at 127.0.0.1:1 (database" in err
    assert len(err.splitlines()) == 1
    monkeypatch.setenv("TUTORMAX_PG_PORT", "many")
    _, _, err = _run(files, monkeypatch, capsys)
    assert "TUTORMAX_PG_PORT is 'many'" in err


def test_many_rows_pass_every_batch_limit(server: str, files: Path) -> None:
    lines = (f's{number},"name\n{number}"\n' for number in range(120_000))
    (files / "students.csv").write_text("student_id,name\n" + "".join(lines))
    (count,) = load_directory(files, RawTarget.POSTGRES).counts
    assert (count.read, count.loaded, count.unreadable) == (120_000, 120_000, 0)
    found = _query(server, "SELECT count(DISTINCT name), max(length(name)) FROM raw.students")
    assert found == [(120_000, 11)]


def test_every_source_table_takes_its_columns(server: str, files: Path) -> None:
    for table in SOURCE_TABLES:
        names = [column.name for column in table.columns]
        (files / f"{table.name}.csv").write_text(",".join(names) + "\n" + "," * (len(names) - 1))
    counts = load_directory(files, RawTarget.POSTGRES).counts
    assert [count.loaded for count in counts] == [1] * len(SOURCE_TABLES)
