"""School markets: weekly slots in school terms, and tutors who leave in ways of their own.

A tutor agrees on a number of weekly slots, each on a fixed weekday at a fixed hour. In a
`weekday-school` market all tutors teach from Monday to Friday. In a `school` market some teach at
weekends, and some only in the weeks before exams. Nobody teaches in the holidays, and in summer
two slots in five go on.

Tutors leave at once at the end of a term, or give up slot after slot first; some of those recover.
Some pause for weeks and come back.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tutormax.generate.columns import Bools, Floats, Ints
from tutormax.generate.population import Tutors
from tutormax.generate.settings import Market, Settings
from tutormax.generate.state import State

_KINDS, _TIMETABLE, _MOOD = 50, 51, 52


class Kind(NamedTuple):
    """A kind of tutor: its share, weekdays (Monday 0), first and last hour, and pace.

    `pace` is relative to that of other kinds.
    """

    share: float
    weekdays: tuple[int, ...]
    opens: float
    closes: float
    pace: float


KINDS = (
    Kind(0.55, (0, 1, 2, 3, 4), 13.0, 20.0, 1.2),
    Kind(0.25, (5, 6), 8.0, 18.0, 0.5),
    Kind(0.20, (0, 1, 2, 3, 4, 5), 14.0, 21.0, 1.4),
)
WEEKEND, EXAM = 1, 2

# Month and day: holidays are the week from the first Monday on; terms end before two of them. With
# longer ones every tutor with one weekday would count as churned.
_HOLIDAYS = {(12, 19): True, (2, 10): False, (4, 1): True, (10, 20): False}
_HOLIDAY_DAYS = 7
_SUMMER = (7, 20), (8, 31)
_SUMMER_SHARE = 0.4
_EXAMS = ((1, 25), (6, 12))
_EXAM_WEEKS = 7
_CANCELLED = 0.05


@dataclass(frozen=True)
class Calendar:
    """What each day is, arrays (days,); `share` and `closes` are (kinds, days).

    `share` is the part of the slots that a kind of tutor teaches, `closes` whether the day is the
    last of the kind's term.
    """

    is_holiday: Bools
    share: Floats
    closes: Bools


def calendar(settings: Settings) -> Calendar:
    """The school year of the days that `settings` covers."""
    dates = [settings.date(day) for day in range(settings.days)]
    years = range(dates[0].year - 1, dates[-1].year + 2)
    holiday, term_ends, exams = set(), set(), set()
    busy: dict[dt.date, float] = {}
    for year in years:
        for (month, day), ends_term in _HOLIDAYS.items():
            first = dt.date(year, month, day)
            first += dt.timedelta(-first.weekday() % 7)
            holiday |= {first + dt.timedelta(n) for n in range(_HOLIDAY_DAYS)}
            if ends_term:
                term_ends.add(first - dt.timedelta(1))
        term_ends.add(dt.date(year, *_SUMMER[0]) - dt.timedelta(1))
        for month, day in _EXAMS:
            last = dt.date(year, month, day)
            exams.add(last)
            for n in range(7 * _EXAM_WEEKS):
                # Half of the slots at first, all from the third week on.
                busy[last - dt.timedelta(n)] = min(1.0, 0.5 + (7 * _EXAM_WEEKS - n) / 28)
    is_holiday = np.array([date in holiday for date in dates])
    is_summer = np.array([_SUMMER[0] <= (date.month, date.day) <= _SUMMER[1] for date in dates])
    usual = np.where(is_summer, _SUMMER_SHARE, 1.0)
    share = np.stack([usual, usual, np.array([busy.get(date, 0.0) for date in dates])])
    ends = np.array([date in term_ends for date in dates])
    return Calendar(
        is_holiday=is_holiday,
        share=np.where(is_holiday, 0.0, share),
        closes=np.stack([ends, ends, np.array([date in exams for date in dates])]),
    )


def kinds(settings: Settings) -> Ints:
    """The kind of each tutor (tutors,), an index of `KINDS`."""
    if settings.market is Market.WEEKDAY_SCHOOL:
        return np.zeros(settings.tutors, dtype=np.int64)
    shares = [kind.share for kind in KINDS]
    return settings.random(_KINDS).choice(len(KINDS), settings.tutors, p=shares)


def agree(settings: Settings, tutors: Tutors) -> Tutors:
    """The tutors with the weekly slots that they agree on, to reach the sessions asked for."""
    kind = kinds(settings)
    # Measured: tutors who have left, not yet joined, pause or give up slots leave slots free.
    held = 0.83 / (1 + settings.days / 700)
    taught = held * calendar(settings).share.mean(axis=1)[kind]
    pace = np.array([item.pace for item in KINDS])[kind]
    wanted = 7 * settings.sessions_per_day / max(float((taught * pace).sum()), 0.1)
    spread = np.exp(settings.random(_TIMETABLE).normal(-0.08, 0.4, settings.tutors))
    least = float(settings.sessions_per_day > 0)
    return replace(tutors, baseline=np.clip(np.rint(wanted * pace * spread), least, 168.0))


class School(State):
    """The tutors of a school market: each with a mood, and the share of the slots still kept."""

    def __init__(self, settings: Settings, tutors: Tutors) -> None:
        super().__init__(settings, tutors)
        n = settings.tutors
        self._calendar = calendar(settings)
        self._kind = kinds(settings)
        self.level: Floats = tutors.mood + 60 * tutors.slide
        self.mood: Floats = self.level.copy()
        self.kept: Floats = np.ones(n)
        self.is_slowing: Bools = np.zeros(n, dtype=np.bool_)
        self._lay_out(settings.random(_TIMETABLE, 1), tutors.baseline.astype(np.int64))

    def _lay_out(self, rng: np.random.Generator, slots: Ints) -> None:
        """Give every slot its weekday and hour; slots are in order of tutor, weekday and hour."""
        n, total = len(slots), int(slots.sum())
        # A tutor's own order of weekdays: those of the kind first.
        order = rng.random((n, 7))
        for number, kind in enumerate(KINDS):
            others = [day for day in range(7) if day not in kind.weekdays]
            order[np.ix_(self._kind == number, others)] += 1
        weekdays = np.argsort(order, axis=1)
        most = np.array([len(kind.weekdays) for kind in KINDS])[self._kind]
        used = np.clip(rng.integers(1, most + 1), np.minimum(-(-slots // 5), most), most)
        tutor = np.repeat(np.arange(n), slots)
        place = np.arange(total) - np.repeat(np.cumsum(slots) - slots, slots)
        weekday = weekdays[tutor, place % used[tutor]]
        opens, closes = (
            np.array([getattr(kind, name) for kind in KINDS])[self._kind][tutor]
            for name in ("opens", "closes")
        )
        hour = np.floor(4 * (opens + (closes - opens) * rng.random(total))) / 4
        at = np.lexsort((hour, weekday, tutor))
        self._tutor, self._number, self._weekday, self._hour = (
            array[at] for array in (tutor, place, weekday, hour)
        )
        # The part of the slots that is given up later; the first is the last to go.
        self._rank = self._number / np.maximum(slots, 1)[self._tutor]

    def drift(self, day: int) -> None:
        """Move mood and slots overnight, before `day`."""
        rng = self._settings.random(_MOOD, day)
        n = len(self.mood)
        self.quality += 0.02 * (self._tutors.quality - self.quality) + rng.normal(0, 0.04, n)
        pull = 0.04 * (self.level - self.mood) - 0.02 * self.is_slowing
        self.mood += pull + rng.normal(0, 0.12, n) + self._lift[day]
        np.clip(self.mood, -4.0, 2.5, out=self.mood)
        self.bad_firsts *= 0.85
        begins = rng.random(n) < 0.0022 * np.exp(-0.9 * self.mood)
        recovers = rng.random(n) < 0.012
        self.is_slowing = np.where(self.is_slowing, ~recovers, begins & self.working(day))
        self.kept = np.where(self.is_slowing, 0.965 * self.kept, self.kept + 0.04)
        np.clip(self.kept, 0.02, 1.0, out=self.kept)
        pauses = (rng.random(n) < 0.0025) & (self.break_until < day)
        self.break_until[pauses] = day + rng.integers(7, 40, n)[pauses]

    def hazard(self, day: int) -> Floats:
        """Probability that `day` is the last, given the state that morning; NaN if not working."""
        at_once = 1 / (1 + np.exp(3.0 + 1.1 * self.mood))
        slowly = np.where(self.is_slowing, 0.10 * (1 - self.kept) ** 2, 0.0003)
        closes = self._calendar.closes[self._kind, day]
        return np.where(self.working(day), np.where(closes, at_once, slowly), np.nan)

    def meetings(
        self, rng: np.random.Generator, slots: Ints, day: int, count: int
    ) -> tuple[Ints, Ints, Floats]:
        """The slots of the weekday that tutors keep; `count` says nothing here."""
        there = self.working(day) & (self.break_until < day)
        share = self.kept * self.ramp(day) * self._calendar.share[self._kind, day]
        at = np.flatnonzero(self._weekday == self._settings.weekday(day))
        tutor = self._tutor[at]
        # An empty calendar has the share 0, and no rank is below it.
        held = there[tutor] & (self._rank[at] < share[tutor]) & (rng.random(len(at)) > _CANCELLED)
        at = at[held]
        return self._tutor[at], self._number[at] % slots[self._tutor[at]], self._hour[at]
