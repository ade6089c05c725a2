"""Periods that look closed, from the completed sessions of each day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from support.project import REPOSITORY
from tutormax.closed_periods import declared_days, hint, undeclared_periods

MONDAY = date(2025, 11, 3)
WEEK = (10, 12, 8, 10, 15, 5, 0)
CHRISTMAS = (date(2025, 12, 22), date(2026, 1, 4))


def counts(weeks: int) -> dict[date, int]:
    """Completed sessions of each day that has some."""
    return {MONDAY + timedelta(days=at): WEEK[at % 7] for at in range(7 * weeks) if WEEK[at % 7]}


def closed_at(christmas: tuple[date, date], sessions: int, weeks: int = 12) -> dict[date, int]:
    first, last = christmas
    return {
        day: sessions if first <= day <= last else count for day, count in counts(weeks).items()
    }


def test_two_quiet_weeks_look_closed_unless_they_are_declared() -> None:
    # Nobody teaches on Sundays, so the period ends on the Saturday.
    expected = [(CHRISTMAS[0], date(2026, 1, 3))]
    assert undeclared_periods(closed_at(CHRISTMAS, 0), set()) == expected
    days = {CHRISTMAS[0] + timedelta(days=n) for n in range(14)}
    assert undeclared_periods(closed_at(CHRISTMAS, 0), days) == []
    assert str(CHRISTMAS[0]) in hint(expected)


def test_a_period_longer_than_the_weeks_before_is_one_period() -> None:
    """Its own first weeks say nothing about what is usual."""
    summer = (CHRISTMAS[0], date(2026, 2, 14))
    assert undeclared_periods(closed_at(summer, 0, weeks=20), set()) == [summer]


def test_a_fifth_of_the_usual_is_not_quiet() -> None:
    days = dict.fromkeys(counts(8), 10)
    thursday = date(2025, 12, 11)
    last = date(2025, 12, 13)
    for sessions, expected in ((2, []), (1, [(thursday, last)])):
        quiet = dict.fromkeys((thursday, thursday + timedelta(days=1), last), sessions)
        assert undeclared_periods(days | quiet, set()) == expected


def test_few_days_few_sessions_and_first_weeks_do_not_look_closed() -> None:
    days = dict.fromkeys(counts(8), 10)
    two = dict.fromkeys((date(2025, 12, 11), date(2025, 12, 12)), 0)
    assert undeclared_periods(days | two, set()) == []
    small = dict.fromkeys(counts(8), 1)
    three = dict.fromkeys((date(2025, 12, 11), date(2025, 12, 12), date(2025, 12, 13)), 0)
    assert undeclared_periods(small | three, set()) == []
    early = dict.fromkeys((date(2025, 11, 27), date(2025, 11, 28), date(2025, 11, 29)), 0)
    assert undeclared_periods(days | early, set()) == []
    assert undeclared_periods({}, set()) == []
    assert not hint([])


def test_the_seed_declares_days(tmp_path: Path) -> None:
    assert declared_days(REPOSITORY) == declared_days(tmp_path) == set()
    seed = tmp_path / "seeds" / "churn" / "closed_periods.csv"
    seed.parent.mkdir(parents=True)
    seed.write_text(
        "first_day,last_day,comment\n2025-12-24,2025-12-25,Eve\n2025-12-25,2025-12-26,Day\n"
    )
    assert declared_days(tmp_path) == {date(2025, 12, day) for day in (24, 25, 26)}
