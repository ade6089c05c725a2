"""The synthetic data: its files, its volumes, and the command that writes it."""

from __future__ import annotations

import sys
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import ARRAY, Boolean, DateTime, Double, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from typer.testing import CliRunner

from support.generated import (
    BUSY,
    SCHOOL,
    SMALL,
    TABLES,
    digest,
)
from tutormax.cli import app, commands
from tutormax.errors import UserError
from tutormax.generate.settings import Market
from tutormax.generate.writing import write_files
from tutormax.schema import SOURCE_TABLES


def test_same_seed_same_bytes(small, tmp_path):
    write_files(SMALL, tmp_path)
    assert digest(tmp_path) == digest(small.folder)
    assert sorted(digest(tmp_path)) == sorted(f"{table}.parquet" for table in TABLES)


def test_same_seed_same_school(tmp_path):
    for folder in ("one", "two"):
        write_files(replace(SMALL, market=Market.SCHOOL), tmp_path / folder)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")


@pytest.mark.parametrize("change", [{"seed": 1}, {"market": Market.SCHOOL}], ids=str)
def test_another_seed_or_market_another_world(small, tmp_path, change):
    write_files(replace(SMALL, **change), tmp_path)
    ours, theirs = digest(small.folder), digest(tmp_path)
    # Students are the same in every market.
    same = {"students.parquet"} if "market" in change else set()
    assert {name for name in ours if ours[name] == theirs[name]} == same


@pytest.mark.parametrize("table", SOURCE_TABLES, ids=lambda table: table.name)
def test_columns_are_those_of_raw(small, table):
    kinds = (
        ((String, JSONB), "string"),
        (DateTime, "timestamp[us, tz=UTC]"),
        (Double, "double"),
        (Integer, "int32"),
        (Boolean, "bool"),
        (ARRAY, "list<string>"),
    )
    wanted = [
        (column.name, next(arrow for kind, arrow in kinds if isinstance(column.type, kind)))
        for column in table.columns
    ]
    schema = pq.read_schema(small.folder / f"{table.name}.parquet")
    got = [
        (f.name, f"list<{f.type.value_type}>" if pa.types.is_list(f.type) else str(f.type))
        for f in schema
    ]
    assert got == wanted


def test_a_failure_leaves_the_old_files(small, tmp_path, monkeypatch):
    write_files(SMALL, tmp_path)

    def broken(settings, sink, on_day):
        sink("tutors", pq.read_table(small.folder / "tutors.parquet"))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tutormax.generate.writing.simulate", broken)
    with pytest.raises(UserError, match="No space left on device"):
        write_files(SMALL, tmp_path)
    assert digest(tmp_path) == digest(small.folder)


def test_files_are_private_and_no_link_is_followed(small, tmp_path):
    assert {file.stat().st_mode & 0o077 for file in small.folder.glob("*.parquet")} == {0}
    (tmp_path / "theirs").mkdir()
    (tmp_path / "planted").symlink_to(tmp_path / "theirs")
    with pytest.raises(UserError, match="is a link to another folder"):
        write_files(SMALL, tmp_path / "planted")
    assert not list((tmp_path / "theirs").iterdir())


def test_volumes(busy):
    days, tutors = BUSY.days, BUSY.tutors
    assert busy.rows == {table: busy.value(f"select count(*) from {table}") for table in TABLES}
    assert busy.rows["tutors"] == tutors
    assert busy.rows["students"] == 10 * tutors
    assert busy.rows["sessions"] == pytest.approx(BUSY.sessions_per_day * days, rel=0.03)
    assert busy.rows["student_feedback"] / busy.rows["sessions"] == pytest.approx(0.9, abs=0.02)
    assert busy.rows["tutor_events"] == pytest.approx(5000 / 450 * tutors * days, rel=0.15)
    assert busy.rows["interventions"] == pytest.approx(50 / 450 * tutors * days, rel=0.15)
    spread = busy.db.execute(
        "select min(n), max(n), count(*) from (select count(*) n from sessions "
        "group by scheduled_start::date)"
    ).fetchone()
    assert spread[0] > 750
    assert spread[1] < 1250
    assert spread[2] == days


def test_volumes_of_a_school_are_about_right(school):
    assert school.rows["tutors"] == SCHOOL.tutors
    assert school.rows["students"] == 10 * SCHOOL.tutors
    wanted = SCHOOL.sessions_per_day * SCHOOL.days
    assert school.rows["sessions"] == pytest.approx(wanted, rel=0.15)


def test_every_kind_occurs(world):
    assert world.value("select count(distinct intervention_type) from interventions") == 9
    assert world.value("select count(distinct status) from interventions") == 4
    assert world.value("select count(distinct outcome) from interventions") == 4
    assert world.value("select count(distinct behavioral_archetype) from tutors") == 5
    events = "select distinct event_type from tutor_events order by 1"
    assert [event for (event,) in world.db.execute(events).fetchall()] == [
        "availability_change",
        "login",
        "message_response",
        "reschedule_request",
        "training_completed",
    ]


def test_the_command_writes_and_tells_what(tmp_path):
    result = CliRunner().invoke(
        commands,
        f"generate --out {tmp_path / 'new' / 'folder'} --days 2 --tutors 5 --sessions-per-day 20 "
        "--end-date 2026-01-31 --seed 3",
    )
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "new" / "folder").iterdir())) == 6
    assert "sessions.parquet" in result.stdout
    assert "40" in result.stdout


def test_help_says_synthetic():
    assert "synthetic" in CliRunner().invoke(commands, "generate --help").output.lower()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--tutors 0", "--tutors must be between 1 and"),
        ("--days 0", "--days must be between 1 and"),
        ("--sessions-per-day -1", "--sessions-per-day must be between 0 and"),
        ("--seed -1", "--seed must be 0 or more"),
        ("--dirt 1.5", "--dirt must be a share between 0 and 1, not 1.5"),
        ("--dirt nan", "--dirt must be a share between 0 and 1, not nan"),
        ("--end-date 31.01.2026", "--end-date must be a date like 2026-01-31"),
        ("--end-date 2000-01-02", "leaves the years the data may cover"),
        ("--end-date 9999-01-15", "leaves the years the data may cover"),
        ("--out FILE", "is a file"),
        ("--out FILE/below", "could not be written"),
    ],
)
def test_a_bad_option_gives_one_sentence(options, says, tmp_path, monkeypatch, capsys):
    taken = tmp_path / "taken"
    taken.write_text("already here")
    words = options.replace("FILE", str(taken)).split()
    small = ["--out", str(tmp_path / "out"), "--days", "2", "--tutors", "3"]
    monkeypatch.setattr(sys, "argv", ["tutormax", "generate", *small, *words])
    with pytest.raises(SystemExit) as stop:
        app()
    message = capsys.readouterr().err.strip()
    assert stop.value.code == 1
    assert says in message
    assert message.startswith("Error: ")
    assert message.endswith(".")
    assert "\n" not in message
    assert not (tmp_path / "out").exists()
    assert taken.read_text() == "already here"
