"""Synthetic rows break no rule of acceptance, unless they are to."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow.parquet as pq
import pytest

from support.generated import (
    BROKEN,
    BUSY,
    END,
    MANY,
    RULES,
    TABLES,
    breaking,
    make,
)
from tutormax.generate.dirt import WAYS
from tutormax.generate.settings import Market, Settings


@pytest.mark.parametrize(("table", "rule"), RULES)
def test_clean_rows_break_no_rule(world, table, rule):
    assert breaking(world, table, rule) == 0


@pytest.mark.parametrize("market", Market)
@pytest.mark.parametrize(
    "size", [(1, 1, 0), (1, 3, 500), (3, 2, 7)], ids=lambda size: "-".join(map(str, size))
)
def test_tiny_worlds_break_no_rule(tmp_path, size, market):
    tutors, days, sessions = size
    tiny = make(tmp_path, Settings(END, days, tutors, sessions, market=market))
    assert tiny.rows["tutors"] == tutors
    assert market is not Market.OPEN or tiny.rows["sessions"] == days * sessions
    assert {rule: breaking(tiny, *rule) for rule in RULES} == dict.fromkeys(RULES, 0)


def test_sessions_agree_with_themselves(world):
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
        name: world.value(f"select count(*) from sessions r where {condition}")
        for name, condition in bad.items()
    }
    assert found == dict.fromkeys(bad, 0)
    assert 0 < world.value("select avg(technical_issues::int) from sessions") < 0.05


def test_session_numbers_count_each_pair(world):
    wrong, first = world.db.execute(
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
    tutors_each = world.value(
        "select median(n) from "
        "(select count(distinct tutor_id) n from sessions group by student_id)"
    )
    assert tutors_each <= 6


def test_feedback_agrees_with_its_session(world):
    wrong = world.value(
        "select count(*) from student_feedback join sessions using (session_id) "
        "where is_first_session <> (session_number = 1) "
        "or submitted_at > scheduled_start + interval 10 day"
    )
    assert wrong == 0
    of_no_shows, within_a_day = world.db.execute(
        "select avg(no_show::int), avg((submitted_at < scheduled_start + interval 1 day)::int) "
        "from student_feedback join sessions using (session_id)"
    ).fetchone()
    assert of_no_shows < 0.01
    assert 0.8 < within_a_day < 1


def test_interventions_agree_with_themselves(world):
    wrong = world.value(
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


def test_leaving_ends_the_interventions(world):
    wrong = world.value(
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
def test_nothing_happens_at_or_after_the_end(world, table):
    latest = ", ".join(f"max({column})" for column in INSTANTS[table])
    end = dt.datetime.combine(END, dt.time(), dt.UTC)
    assert max(world.db.execute(f"select {latest} from {table}").fetchone()) < end
    written = [column for column in INSTANTS[table] if column.endswith("ated_at")]
    touched = f"greatest({', '.join(written)})"
    early, late = world.db.execute(
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
