"""What tutors and students do in the synthetic data, and its hidden truth."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from support.generated import (
    BUSY,
    END,
    SMALL,
)
from tutormax.generate import Settings, simulate
from tutormax.generate.roster import PairCounts


def auc(score: np.ndarray, happened: np.ndarray) -> float:
    ranks = np.empty(len(score))
    ranks[np.argsort(score, kind="stable")] = np.arange(1, len(score) + 1)
    hits = int(happened.sum())
    return float((ranks[happened].sum() - hits * (hits + 1) / 2) / (hits * (len(score) - hits)))


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
