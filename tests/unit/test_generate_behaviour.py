"""What tutors and students do in the synthetic data, and its hidden truth."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from support.generated import (
    BUSY,
    END,
    SCHOOL,
    SMALL,
)
from tutormax.generate.population import make_tutors
from tutormax.generate.roster import PairCounts
from tutormax.generate.school import EXAM, WEEKEND, School, calendar, kinds
from tutormax.generate.settings import Market, Settings
from tutormax.generate.simulation import simulate


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


def test_some_leave_and_then_do_nothing(world):
    left = {
        tutor: END - dt.timedelta(world.settings.days - int(day))
        for tutor, day in zip(world.simulation.tutor_ids, world.simulation.left_day, strict=True)
        if day >= 0
    }
    assert 0.06 * world.settings.tutors < len(left) < 0.3 * world.settings.tutors
    gone = world.db.execute("select tutor_id from tutors where status <> 'active'").fetchall()
    assert {tutor for (tutor,) in gone} == set(left)
    for table, column in (
        ("sessions", "scheduled_start"),
        ("tutor_events", "event_timestamp"),
        ("interventions", "recommended_date"),
    ):
        last = world.db.execute(f"select tutor_id, max({column})::date from {table} group by 1")
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


@pytest.mark.parametrize("market", [Market.OPEN, Market.SCHOOL])
def test_as_many_leave_as_the_hazard_says(market):
    """Give or take chance: four standard deviations."""
    many = simulate(Settings(END, days=50, tutors=2000, sessions_per_day=0, market=market))
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


@pytest.fixture(scope="session")
def taught(school):
    """Sessions as `taught`: the kind of the tutor, the day, the weekday, the hour of the slot."""
    ids = school.simulation.tutor_ids
    school.db.execute("create temp table kinds (tutor_id text, kind int, left_day int)")
    rows = zip(ids, kinds(SCHOOL).tolist(), school.simulation.left_day.tolist(), strict=True)
    school.db.executemany("insert into kinds values (?, ?, ?)", list(rows))
    school.db.execute(
        f"""
        create temp table taught as
        select tutor_id, kind, left_day, baseline_sessions_per_week as agreed,
            scheduled_start::date - date '{SCHOOL.date(0)}' as day,
            isodow(scheduled_start) as weekday, scheduled_start::timestamp::time as hour
        from sessions join tutors using (tutor_id) join kinds using (tutor_id)
        """
    )
    return school


def test_school_tutors_teach_in_the_slots_agreed(taught):
    slots = taught.db.execute(
        "select kind, agreed, count(distinct (weekday, hour)), max(weekday), min(weekday) "
        "from taught group by tutor_id, kind, agreed"
    ).fetchall()
    assert {agreed == round(agreed) for _, agreed, *_ in slots} == {True}
    assert all(used <= agreed for _, agreed, used, *_ in slots)
    assert {first for kind, *_, first in slots if kind == WEEKEND} == {6, 7}
    assert {last for kind, *_, last, _ in slots if kind not in (WEEKEND, EXAM)} <= set(range(6))
    # In a whole week of term, who neither leaves nor pauses teaches about what was agreed.
    pace = taught.value(
        "select sum(n) / sum(agreed) from (select count(*) n, any_value(agreed) agreed "
        "from taught where kind <> 2 and day between 31 and 37 group by tutor_id)"
    )
    assert 0.75 < pace < 1


def test_school_rests_in_holidays_and_exam_tutors_between_exams(taught):
    year = calendar(SCHOOL)
    free = np.flatnonzero(year.is_holiday).tolist()
    assert [str(SCHOOL.date(day)) for day in (free[0], free[-1])] == ["2025-10-20", "2025-12-28"]
    assert len(free) == 14
    assert taught.value(f"select count(*) from taught where day in {tuple(free)}") == 0
    days = f"day between 0 and {int(np.flatnonzero(year.share[EXAM])[0]) - 1}"
    assert taught.value(f"select count(*) from taught where kind = {EXAM} and {days}") == 0
    assert taught.value(f"select count(*) from taught where kind = {EXAM} and not {days}") > 500


def test_school_tutors_leave_at_once_or_slowly_and_some_recover():
    many = replace(SCHOOL, tutors=2000)
    state, closes = School(many, make_tutors(many)), calendar(many).closes
    kept = {True: [], False: []}
    has_slowed = np.zeros(many.tutors, dtype=bool)
    for day in range(many.days):
        state.drift(day)
        for tutor in state.leave(day, state.hazard(day)):
            kept[bool(closes[kinds(many)[tutor], day])].append(state.kept[tutor])
        has_slowed |= state.kept < 0.6
    assert len(kept[True]) > 50
    assert len(kept[False]) > 50
    # At the end of a term also some who have slowed down already.
    assert np.median(kept[True]) > 0.9
    assert np.median(kept[False]) < 0.6
    assert (has_slowed & (state.left_day < 0) & (state.kept == 1)).sum() > 20


def test_some_school_tutors_pause_within_a_term(taught):
    back = taught.value(
        "select count(distinct tutor_id) from (select tutor_id, kind, "
        "day - lag(day) over (partition by tutor_id order by day) as gap from taught) "
        f"where gap > 21 and kind <> {EXAM}"
    )
    assert back > 2


def test_a_weekday_school_has_neither_weekends_nor_exam_tutors():
    days = replace(SCHOOL, days=14, market=Market.WEEKDAY_SCHOOL)
    assert set(kinds(days)) == {0}
    starts = []
    simulate(days, lambda name, rows: starts.append(rows) if name == "sessions" else None)
    weekdays = {at.weekday() for rows in starts for at in rows["scheduled_start"].to_pylist()}
    assert weekdays == set(range(5))


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
