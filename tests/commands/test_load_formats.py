"""`tutormax load` reads the same rows from every format; columns that are missing or unknown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.load_trial import (
    EVENT,
    EVENTS,
    FORMS,
    NOON,
    SESSION,
    STUDENT,
    TUTOR,
    TUTORS,
    Trial,
    write_rows,
)


@pytest.mark.parametrize("form", FORMS)
def test_every_format_gives_the_same_rows(trial: Trial, form: str) -> None:
    write_rows(trial, "tutors", TUTORS, form)
    write_rows(trial, "tutor_events", EVENTS, form)
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
    write_rows(trial, "tutors", rows, form)
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
        trial.write("students.csv", end + end + text.rstrip())
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
        write_rows(trial, "students", [{**STUDENT, "name": name}], "parquet")
        write_rows(trial, "tutors", [{**TUTOR, "name": name}], "csv")
        write_rows(trial, "sessions", [{**SESSION, "subject": name}], "json")
    trial.files = meant
    assert len(trial.loaded().counts()) == 3
    assert trial.value("students", "name") == "Ann"
    assert trial.value("tutors", "name") == "Ann"
    assert trial.value("sessions", "subject") == "Ann"


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl", "json"])
def test_unknown_columns_are_named_and_missing_ones_are_null(trial: Trial, form: str) -> None:
    write_rows(trial, "students", [{"Name": "B", **STUDENT, "shoe_size": 5}], form)
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
