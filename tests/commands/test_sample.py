"""What `make build` needs: a server's variables for the shell, a sample where raw is empty."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import psycopg2
import pytest

from tutormax import cli
from tutormax.postgres.commands import environment
from tutormax.sample import is_raw_empty
from tutormax.spark.reading import connect_spark
from tutormax.warehouse import RawTarget, connect_duckdb

SMALL = ("--days", "3", "--tutors", "5", "--sessions-per-day", "5")


def tutormax(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> None:
    monkeypatch.setattr(sys, "argv", ["tutormax", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.app()
    assert ended.value.code == 0


@pytest.mark.parametrize("target", list(RawTarget))
def test_a_sample_is_loaded_once(
    target: RawTarget,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TUTORMAX_DUCKDB_PATH", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.setenv("TUTORMAX_SPARK_DIR", str(tmp_path / "spark"))
    for name, value in environment(postgres_url).items():
        monkeypatch.setenv(name, value)
    assert is_raw_empty(target)
    words = ("sample", "--target", target, "--out", tmp_path / "raw", *SMALL)
    tutormax(monkeypatch, *words)
    assert not is_raw_empty(target)
    capsys.readouterr()
    tutormax(monkeypatch, *words)
    assert capsys.readouterr().out.startswith("Raw holds rows already on")
    query = "select count(*) from raw.tutors"
    if target is not RawTarget.POSTGRES:
        with connect_spark() if target is RawTarget.SPARK else connect_duckdb() as duck:
            assert duck.execute(query).fetchall() == [(5,)]
    else:
        connection = psycopg2.connect(postgres_url)
        with connection.cursor() as cursor:
            cursor.execute(query)
            assert cursor.fetchall() == [(5,)]
        connection.close()


def test_the_variables_are_quoted_for_the_shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {
        "TUTORMAX_PG_HOST": "/a folder/of sockets",
        "TUTORMAX_PG_PORT": "5433",
        "TUTORMAX_PG_USER": "o'hara",
        "TUTORMAX_PG_PASSWORD": "$(rm) @:/%\"'",
        "TUTORMAX_PG_DATABASE": "a b",
    }
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    tutormax(monkeypatch, "postgres", "env")
    words = shlex.split(capsys.readouterr().out)
    assert words[::2] == ["export"] * 5
    assert dict(word.split("=", 1) for word in words[1::2]) == named
