"""The synthetic data: its volumes, its rules, its hidden truth, and the ways it can be spoiled."""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import ARRAY, Boolean, DateTime, Double, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from typer.testing import CliRunner

from tutormax.cli import app, commands
from tutormax.errors import UserError
from tutormax.generate import Settings, Simulation, simulate, write_files
from tutormax.generate.dirt import WAYS
from tutormax.generate.roster import PairCounts
from tutormax.schema import KEYS, SOURCE_TABLES

END = dt.date(2026, 1, 31)
SMALL = Settings(end_date=END, days=20, tutors=40, sessions_per_day=200)
BUSY = Settings(end_date=END, days=60, tutors=150, sessions_per_day=1000)
MANY = Settings(end_date=END, days=12, tutors=200, sessions_per_day=400)
TABLES = tuple(KEYS)


@dataclass
class World:
    """One generated folder, its tables as DuckDB views, and what the files do not tell."""

    settings: Settings
    folder: Path
    rows: dict[str, int]
    simulation: Simulation
    db: duckdb.DuckDBPyConnection

    def value(self, sql: str):
        return self.db.execute(sql).fetchone()[0]


def make(folder: Path, settings: Settings, dirt: float = 0.0) -> World:
    rows, simulation = write_files(settings, folder, dirt)
    db = duckdb.connect()
    db.execute("set timezone = 'UTC'")
    for table in TABLES:
        db.execute(f"create view {table} as from '{folder / table}.parquet'")
    return World(settings, folder, rows, simulation, db)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> World:
    return make(tmp_path_factory.mktemp("small"), SMALL)


@pytest.fixture(scope="module")
def busy(tmp_path_factory) -> World:
    return make(tmp_path_factory.mktemp("busy"), BUSY)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory) -> World:
    return make(tmp_path_factory.mktemp("dirty"), MANY, dirt=0.2)


def missing(*columns: str) -> dict[str, str]:
    return {f"{column}_missing": f"{column} is null" for column in columns}


def outside(column: str, least: float, most: float) -> dict[str, str]:
    # NaN sorts above every number in DuckDB, so it is out of range like infinity.
    return {f"{column}_out_of_range": f"not {column} between {least} and {most}"}


UNKNOWN_TUTOR = "tutor_id not in (select tutor_id from tutors where tutor_id is not null)"
UNKNOWN_STUDENT = "student_id not in (select student_id from students where student_id is not null)"
IN_ITS_SESSION = "exists (from sessions s where s.session_id = r.session_id and {})"
EMAIL_OF_ANOTHER = (
    "exists (from tutors o where o.tutor_id <> r.tutor_id and lower(o.email) = lower(r.email))"
)
RATINGS = ("subject_knowledge", "communication", "patience", "engagement", "helpfulness")

# The rules for accepting rows: what a row that breaks one looks like, in SQL.
BROKEN: dict[str, dict[str, str]] = {
    "tutors": {
        **missing("tutor_id", "name", "email", "onboarding_date", "status"),
        "tutor_id_too_long": "length(tutor_id) > 50",
        "name_too_long": "length(name) > 200",
        "email_too_long": "length(email) > 255",
        "education_level_too_long": "length(education_level) > 100",
        "location_too_long": "length(location) > 200",
        "status_unknown": "status not in ('active', 'inactive', 'churned')",
        "archetype_unknown": "behavioral_archetype not in "
        "('high_performer', 'at_risk', 'new_tutor', 'steady', 'churner')",
        "email_malformed": "not regexp_full_match(email, '[^@]+@[^@]+')",
        "email_taken": EMAIL_OF_ANOTHER,
        **outside("baseline_sessions_per_week", 0, 168),
    },
    "students": {**missing("student_id", "name"), **outside("age", 3, 120)},
    "sessions": {
        **missing("session_id", "tutor_id", "student_id", "session_number", "scheduled_start"),
        **missing("duration_minutes", "subject", "session_type", "no_show"),
        "tutor_unknown": UNKNOWN_TUTOR,
        "student_unknown": UNKNOWN_STUDENT,
        "session_number_out_of_range": "session_number < 1",
        "session_type_unknown": "session_type not in ('1-on-1', 'group')",
        **outside("duration_minutes", 0, 1440),
        "late_start_minutes_out_of_range": "late_start_minutes < 0",
        **outside("engagement_score", 0, 1),
        "no_show_with_actual_start": "no_show and actual_start is not null",
        "scheduled_before_2000": "scheduled_start < timestamptz '2000-01-01'",
    },
    "student_feedback": {
        **missing("feedback_id", "session_id", "student_id", "tutor_id"),
        **missing("overall_rating", "submitted_at"),
        "session_unknown": "session_id not in (select session_id from sessions "
        "where session_id is not null)",
        "tutor_of_another_session": IN_ITS_SESSION.format("s.tutor_id <> r.tutor_id"),
        "student_of_another_session": IN_ITS_SESSION.format("s.student_id <> r.student_id"),
        "second_feedback": "exists (from student_feedback o where o.session_id = r.session_id "
        "and o.feedback_id <> r.feedback_id and o._loaded_at < r._loaded_at)",
        **outside("overall_rating", 1, 5),
        **{k: v for what in RATINGS for k, v in outside(f"{what}_rating", 1, 5).items()},
        "before_its_session": IN_ITS_SESSION.format("s.scheduled_start > r.submitted_at"),
    },
    "tutor_events": {
        **missing("event_id", "tutor_id", "event_type", "event_timestamp"),
        "tutor_unknown": UNKNOWN_TUTOR,
        "metadata_no_object": "json_type(metadata) <> 'OBJECT'",
    },
    "interventions": {
        **missing("intervention_id", "tutor_id", "intervention_type", "recommended_date", "status"),
        "tutor_unknown": UNKNOWN_TUTOR,
        "type_unknown": "intervention_type not in ('automated_coaching', 'training_module', "
        "'first_session_checkin', 'rescheduling_alert', 'manager_coaching', 'peer_mentoring', "
        "'performance_improvement_plan', 'retention_interview', 'recognition')",
        "status_unknown": "status not in ('pending', 'in_progress', 'completed', 'cancelled')",
        "outcome_unknown": "outcome not in ('improved', 'no_change', 'declined', 'churned')",
        "completed_without_date": "status = 'completed' and completed_date is null",
        "due_before_recommended": "due_date < recommended_date",
        "completed_before_recommended": "completed_date < recommended_date",
    },
}
for _table, _key in KEYS.items():
    BROKEN[_table]["superseded"] = (
        f"exists (from {_table} o where o.{_key} = r.{_key} and o._loaded_at > r._loaded_at)"
    )
RULES = [(table, rule) for table, rules in BROKEN.items() for rule in rules]


def breaking(world: World, table: str, rule: str) -> int:
    return world.value(f"select count(*) from {table} r where {BROKEN[table][rule]}")


def digest(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def auc(score: np.ndarray, happened: np.ndarray) -> float:
    ranks = np.empty(len(score))
    ranks[np.argsort(score, kind="stable")] = np.arange(1, len(score) + 1)
    hits = int(happened.sum())
    return float((ranks[happened].sum() - hits * (hits + 1) / 2) / (hits * (len(score) - hits)))


# --- files -----------------------------------------------------------------------------------


def test_same_seed_same_bytes(small, tmp_path):
    write_files(SMALL, tmp_path)
    assert digest(tmp_path) == digest(small.folder)
    assert sorted(digest(tmp_path)) == sorted(f"{table}.parquet" for table in TABLES)


def test_another_seed_another_world(small, tmp_path):
    write_files(Settings(end_date=END, days=20, tutors=40, sessions_per_day=200, seed=1), tmp_path)
    ours, theirs = digest(small.folder), digest(tmp_path)
    assert all(ours[name] != theirs[name] for name in ours)


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


# --- volumes ---------------------------------------------------------------------------------


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


def test_every_kind_occurs(busy):
    assert busy.value("select count(distinct intervention_type) from interventions") == 9
    assert busy.value("select count(distinct status) from interventions") == 4
    assert busy.value("select count(distinct outcome) from interventions") == 4
    assert busy.value("select count(distinct behavioral_archetype) from tutors") == 5
    events = "select distinct event_type from tutor_events order by 1"
    assert [event for (event,) in busy.db.execute(events).fetchall()] == [
        "availability_change",
        "login",
        "message_response",
        "reschedule_request",
        "training_completed",
    ]


# --- rules -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "rule"), RULES)
def test_clean_rows_break_no_rule(busy, table, rule):
    assert breaking(busy, table, rule) == 0


@pytest.mark.parametrize(
    "size", [(1, 1, 0), (1, 3, 500), (3, 2, 7)], ids=lambda size: "-".join(map(str, size))
)
def test_tiny_worlds_break_no_rule(tmp_path, size):
    tutors, days, sessions = size
    world = make(
        tmp_path, Settings(end_date=END, days=days, tutors=tutors, sessions_per_day=sessions)
    )
    assert world.rows["tutors"] == tutors
    assert world.rows["sessions"] == days * sessions
    assert {rule: breaking(world, *rule) for rule in RULES} == dict.fromkeys(RULES, 0)


def test_sessions_agree_with_themselves(busy):
    bad = {
        "no-show": "no_show and coalesce(actual_start::varchar, late_start_minutes::varchar, "
        "engagement_score::varchar, learning_objectives_met::varchar) is not null",
        "start": "not no_show and (actual_start is null or late_start_minutes is null or "
        "actual_start <> scheduled_start + to_minutes(late_start_minutes))",
        "created": "created_at > scheduled_start or updated_at < created_at",
        "tutor": "exists (from tutors t where t.tutor_id = r.tutor_id and "
        "t.onboarding_date > r.created_at)",
        "student": "exists (from students t where t.student_id = r.student_id and "
        "t.created_at > r.created_at)",
        "subject": "exists (from tutors t where t.tutor_id = r.tutor_id and "
        "not list_contains(t.subjects, r.subject))",
    }
    found = {
        name: busy.value(f"select count(*) from sessions r where {condition}")
        for name, condition in bad.items()
    }
    assert found == dict.fromkeys(bad, 0)
    assert 0 < busy.value("select avg(technical_issues::int) from sessions") < 0.05


def test_session_numbers_count_each_pair(busy):
    wrong, first = busy.db.execute(
        """
        select count(*) filter (number <> least + place - 1), avg((number = 1)::int)
        from (
            select session_number as number,
                min(session_number) over pair as least,
                row_number() over (pair order by scheduled_start, session_id) as place
            from sessions window pair as (partition by tutor_id, student_id)
        )
        """
    ).fetchone()
    assert wrong == 0
    assert 0.03 <= first <= 0.10
    tutors_each = busy.value(
        "select median(n) from "
        "(select count(distinct tutor_id) n from sessions group by student_id)"
    )
    assert tutors_each <= 6


def test_feedback_agrees_with_its_session(busy):
    wrong = busy.value(
        "select count(*) from student_feedback join sessions using (session_id) "
        "where is_first_session <> (session_number = 1) "
        "or submitted_at > scheduled_start + interval 10 day"
    )
    assert wrong == 0
    of_no_shows, within_a_day = busy.db.execute(
        "select avg(no_show::int), avg((submitted_at < scheduled_start + interval 1 day)::int) "
        "from student_feedback join sessions using (session_id)"
    ).fetchone()
    assert of_no_shows < 0.01
    assert 0.8 < within_a_day < 1


def test_interventions_agree_with_themselves(busy):
    wrong = busy.value(
        f"""
        select count(*) from interventions where
            (status = 'completed') <> (completed_date is not null)
            or (status = 'completed') <> (outcome is not null)
            or due_date < recommended_date
            or status = 'pending' and recommended_date < timestamptz '{END}' - interval 11 day
            or updated_at < greatest(created_at, completed_date)
            or coalesce(trigger_reason, '') not similar to '[A-Z].*[0-9].*'
        """
    )
    assert wrong == 0


def test_leaving_ends_the_interventions(busy):
    wrong = busy.value(
        """
        select count(*) from interventions join tutors using (tutor_id) where
            tutors.status <> 'active' and interventions.status in ('pending', 'in_progress')
            or tutors.status = 'active' and outcome = 'churned'
        """
    )
    assert wrong == 0


def test_replies_tell_their_minutes(busy):
    wrong = busy.value(
        "select count(*) from tutor_events where event_type = 'message_response' "
        "and coalesce(try_cast(metadata ->> 'response_time_minutes' as double), -1) < 0"
    )
    assert wrong == 0


def test_emails_cannot_reach_anybody(busy):
    real = busy.value(
        "select count(*) from tutors "
        "where not regexp_full_match(email, '.+@example\\.(com|org|net)')"
    )
    assert real == 0


INSTANTS = {
    "tutors": ("onboarding_date", "created_at", "updated_at"),
    "students": ("created_at", "updated_at"),
    "sessions": ("scheduled_start", "actual_start", "created_at", "updated_at"),
    "student_feedback": ("submitted_at", "created_at"),
    "tutor_events": ("event_timestamp", "created_at"),
    "interventions": ("recommended_date", "completed_date", "created_at", "updated_at"),
}


@pytest.mark.parametrize("table", TABLES)
def test_nothing_happens_at_or_after_the_end(busy, table):
    latest = ", ".join(f"max({column})" for column in INSTANTS[table])
    end = dt.datetime.combine(END, dt.time(), dt.UTC)
    assert max(busy.db.execute(f"select {latest} from {table}").fetchone()) < end
    written = [column for column in INSTANTS[table] if column.endswith("ated_at")]
    touched = f"greatest({', '.join(written)})"
    early, late = busy.db.execute(
        f"select min(_loaded_at - {touched}), max(_loaded_at - {touched}) from {table}"
    ).fetchone()
    assert dt.timedelta(0) < early
    assert late <= dt.timedelta(minutes=30)


def test_facts_begin_with_the_first_day_and_end_with_the_last(busy):
    for table, column in (
        ("sessions", "scheduled_start"),
        ("tutor_events", "event_timestamp"),
        ("interventions", "recommended_date"),
    ):
        first, last = busy.db.execute(
            f"select min({column})::date, max({column})::date from {table}"
        ).fetchone()
        assert (first, last) == (END - dt.timedelta(BUSY.days), END - dt.timedelta(1)), table


# --- behaviour -------------------------------------------------------------------------------


def test_mornings_and_mondays_have_more_no_shows(busy):
    morning, later, monday, other = busy.db.execute(
        """
        select avg(no_show::int) filter (hour(scheduled_start) < 12),
            avg(no_show::int) filter (hour(scheduled_start) >= 12),
            avg(no_show::int) filter (isodow(scheduled_start) = 1),
            avg(no_show::int) filter (isodow(scheduled_start) > 1)
        from sessions
        """
    ).fetchone()
    assert morning > 1.3 * later
    assert monday > 1.2 * other


def test_subjects_differ(busy):
    rows = busy.db.execute(
        """
        select subject, avg(overall_rating), avg(no_show::int), count(*)
        from sessions left join student_feedback using (session_id) group by subject
        """
    ).fetchall()
    rating, missed, held = ({row[0]: row[column] for row in rows} for column in (1, 2, 3))
    assert len(rating) == 10
    assert rating["Spanish"] > rating["Test Preparation"] + 0.1
    assert missed["Test Preparation"] > 1.5 * missed["Spanish"]
    assert held["Mathematics"] > 2 * held["Economics"]


def test_some_leave_and_then_do_nothing(busy):
    left = {
        tutor: END - dt.timedelta(BUSY.days - int(day))
        for tutor, day in zip(busy.simulation.tutor_ids, busy.simulation.left_day, strict=True)
        if day >= 0
    }
    assert 0.06 * BUSY.tutors < len(left) < 0.3 * BUSY.tutors
    gone = busy.db.execute("select tutor_id from tutors where status <> 'active'").fetchall()
    assert {tutor for (tutor,) in gone} == set(left)
    for table, column in (
        ("sessions", "scheduled_start"),
        ("tutor_events", "event_timestamp"),
        ("interventions", "recommended_date"),
    ):
        last = busy.db.execute(f"select tutor_id, max({column})::date from {table} group by 1")
        late = [tutor for tutor, day in last.fetchall() if tutor in left and day > left[tutor]]
        assert late == [], table


def test_the_true_hazard_tells_who_leaves_but_not_all(busy):
    hazard, left_day = busy.simulation.hazard, busy.simulation.left_day
    assert hazard.shape == (BUSY.days, BUSY.tutors)
    days = np.arange(BUSY.days)[:, None]
    happened = days == left_day
    at_work = ~np.isnan(hazard)
    assert not at_work[(left_day >= 0) & (days > left_day)].any()
    assert happened[at_work].sum() == (left_day >= 0).sum()
    assert 0.6 < auc(hazard[at_work], happened[at_work]) < 0.97


def test_as_many_leave_as_the_hazard_says():
    """Give or take chance: four standard deviations."""
    many = simulate(Settings(end_date=END, days=30, tutors=2000, sessions_per_day=0))
    expected = np.nansum(many.hazard)
    assert expected > 60
    assert abs((many.left_day >= 0).sum() - expected) < 4 * np.sqrt(expected)


def test_the_facts_tell_part_of_it(busy):
    """Replies, reschedules and workload of the last month each say something of the hazard."""
    busy.db.execute("create or replace temp table hidden (tutor_id text, hazard double)")
    hazard = busy.simulation.hazard[-30:].mean(axis=0)
    rows = [
        (tutor, float(value))
        for tutor, value in zip(busy.simulation.tutor_ids, hazard, strict=True)
        if not np.isnan(value)
    ]
    busy.db.executemany("insert into hidden values (?, ?)", rows)
    seen = f"timestamptz '{END}' - interval 30 day"
    replies, moved, sessions = busy.db.execute(
        f"""
        select
            (select corr(ln(h.hazard), m) from hidden h join (
                select tutor_id, avg(ln(1 + (metadata ->> 'response_time_minutes')::double)) m
                from tutor_events where event_type = 'message_response' and event_timestamp > {seen}
                group by 1) using (tutor_id)),
            (select corr(ln(h.hazard), m) from hidden h join (
                select tutor_id, avg(tutor_initiated_reschedule::int) m from sessions
                where scheduled_start > {seen} group by 1) using (tutor_id)),
            (select corr(ln(h.hazard), m) from hidden h join (
                select tutor_id, count(*) / any_value(baseline_sessions_per_week) m
                from sessions join tutors using (tutor_id)
                where scheduled_start > {seen} group by 1) using (tutor_id))
        """
    ).fetchone()
    assert 0.15 < replies < 0.9
    assert 0.15 < moved < 0.9
    assert -0.95 < sessions < -0.15


def test_the_hidden_truth_needs_no_files(small):
    again = simulate(SMALL)
    np.testing.assert_array_equal(again.hazard, small.simulation.hazard)
    np.testing.assert_array_equal(again.left_day, small.simulation.left_day)
    assert again.tutor_ids == small.simulation.tutor_ids
    assert str(again.days[0]) == "2026-01-11"
    assert str(again.days[-1]) == "2026-01-30"


@given(
    st.lists(st.lists(st.integers(0, 6), max_size=12), max_size=6),
    st.dictionaries(st.integers(0, 6), st.integers(1, 9)),
)
@hypothesis_settings(max_examples=60, deadline=None)
def test_pairs_are_counted_like_a_dictionary_would(days, met):
    pairs = PairCounts(
        np.array(list(met), dtype=np.int64), np.array(list(met.values()), dtype=np.int64)
    )
    counts = Counter(met)
    for keys in days:
        expected = []
        for key in keys:
            counts[key] += 1
            expected.append(counts[key])
        assert pairs.advance(np.array(keys, dtype=np.int64)).tolist() == expected


# --- dirt ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "rule"), RULES)
def test_every_rule_is_broken_by_dirt(dirty, table, rule):
    assert breaking(dirty, table, rule) > 0


@pytest.mark.parametrize("table", TABLES)
def test_dirt_is_the_share_asked_for(dirty, table):
    any_rule = " or ".join(f"coalesce({rule}, false)" for rule in BROKEN[table].values())
    spoiled = dirty.value(f"select count(*) from {table} r where {any_rule}")
    clean = dirty.value(f"select count(*) from {table}") - spoiled
    added = {"changed": 0.0, "fresh": 1.0, "again": 1.0}
    grown = np.mean([added[way.how] for way in WAYS[table]])
    # Of n rows a fifth is spoiled; what is added comes on top of the n.
    before = (clean + spoiled) / (1 + 0.2 * grown)
    assert spoiled / before == pytest.approx(0.2, abs=0.012)


def test_dirt_leaves_the_other_rows_as_they_were(dirty, tmp_path):
    make(tmp_path, MANY)
    lost = {}
    for table in TABLES:
        lost[table] = (
            dirty.value(
                f"select count(*) from (from '{tmp_path / table}.parquet' except all from {table})"
            )
            / pq.read_metadata(tmp_path / f"{table}.parquet").num_rows
        )
    # Whom others depend on is never touched, only copied.
    assert (lost["tutors"], lost["students"], lost["sessions"]) == (0, 0, 0)
    for table in ("student_feedback", "tutor_events", "interventions"):
        share = np.mean([way.how == "changed" for way in WAYS[table]])
        assert lost[table] == pytest.approx(0.2 * share, abs=0.01)


def test_dirt_is_spread_evenly(dirty):
    counts = dirty.db.execute(
        "select count(*) from sessions where session_id like 'session\\_x%' escape '\\' "
        "group by session_id[:11]"
    ).fetchall()
    fresh = [way for way in WAYS["sessions"] if way.how == "fresh"]
    assert len(counts) == len(fresh) - 1  # one of the ways takes the id away
    assert max(counts)[0] - min(counts)[0] <= 1


def test_out_of_range_takes_every_shape(dirty):
    for table, column in (
        ("tutors", "baseline_sessions_per_week"),
        ("sessions", "engagement_score"),
    ):
        shapes = dirty.db.execute(
            f"select count(*) filter (isnan({column})), count(*) filter (isinf({column})), "
            f"count(*) filter ({column} < 0) from {table}"
        ).fetchone()
        # There are only few bad tutors; whatever comes first in the list must be among them.
        assert sum(shapes) > 0
        assert table == "tutors" or min(shapes) > 0


# --- the command -----------------------------------------------------------------------------


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
