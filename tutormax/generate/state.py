"""Hidden state of tutors that changes daily: quality, satisfaction, the wish to leave."""

from __future__ import annotations

import numpy as np

from tutormax.generate.columns import Bools, Floats, Ints
from tutormax.generate.population import Tutors
from tutormax.generate.sessions import DaySessions, hours
from tutormax.generate.settings import Settings

_STATE, _LEAVE, _BREAK = 10, 11, 12
_MEMORY_DAYS = 30
_LEAVE_LEVEL = -6.55


class State:
    """Hidden and running quantities of the tutors of an open market; arrays are (tutors,).

    `mood` is satisfaction: it returns slowly to a drifting level, falls with a workload other than
    the wanted one and with failed first sessions, and rises with help.
    """

    def __init__(self, settings: Settings, tutors: Tutors) -> None:
        n = settings.tutors
        self._settings = settings
        self._tutors = tutors
        self.quality: Floats = tutors.quality.copy()
        # Tutors from before the first day have been declining for a while already; without that
        # leaving would be rare at first and grow all through the window.
        there = tutors.onboarded_day < 0
        slid = np.minimum(settings.random(_STATE).uniform(0, 80, n), -tutors.onboarded_day)
        self.level: Floats = tutors.mood + np.where(there, tutors.slide * slid, 0.0)
        self.mood: Floats = self.level.copy()
        self.load: Floats = tutors.baseline / 7 * self.ramp(0)  # sessions a day, a running mean
        self.bad_firsts: Floats = np.zeros(n)
        self.break_until: Ints = np.full(n, -1)
        self.left_day: Ints = np.full(n, -1)
        # Running sums over about 30 days: sessions, ratings, their sum, engagement, reschedules,
        # first sessions with a rating, those rated 4 or better.
        rates = np.stack([np.ones(n), *np.full((2, n), 0.9), *np.full((4, n), 0.7)])
        rates[2] *= np.clip(4.3 + 0.3 * self.quality + 0.1 * self.mood, 1, 5)
        rates[4] = 0.065 * np.exp(-0.45 * self.mood + tutors.habits[3])
        rates[5:] *= np.array([[0.07], [0.06]])
        self.seen: Floats = np.where(there, rates * tutors.baseline / 7 * _MEMORY_DAYS, 0.0)
        self._lift: Floats = np.zeros((settings.days + 1, n), dtype=np.float64)

    def working(self, day: int) -> Bools:
        """Tutors working on `day`: onboarded before it and not gone."""
        return (self._tutors.onboarded_day < day) & (self.left_day < 0)

    def drift(self, day: int) -> None:
        """Move the hidden state overnight, before `day`."""
        rng = self._settings.random(_STATE, day)
        n = len(self.mood)
        self.level += self._tutors.slide + rng.normal(0, 0.035, n)
        np.clip(self.level, -3.0, 1.6, out=self.level)
        self.quality += 0.01 * (self._tutors.quality - self.quality) + rng.normal(0, 0.03, n)
        pull = 0.08 * (self.level - self.mood)
        strain = 0.05 * self.strain(day) + 0.06 * self.bad_firsts
        self.mood += pull - strain + rng.normal(0, 0.09, n) + self._lift[day]
        np.clip(self.mood, -4.0, 2.5, out=self.mood)
        self.bad_firsts *= 0.85

    def strain(self, day: int) -> Floats:
        """Distance of the workload from the wanted one, in log units beyond a fifth."""
        wanted = self._tutors.baseline / 7 * self.ramp(day)
        return np.maximum(0.0, np.abs(np.log((self.load + 0.3) / (wanted + 0.3))) - 0.2)

    def ramp(self, day: int) -> Floats:
        """A tutor's share of the full workload: from 0.3 to 1 in three weeks."""
        return np.clip(0.3 + 0.7 * (day - self._tutors.onboarded_day) / 21, 0.3, 1.0)

    def hazard(self, day: int) -> Floats:
        """Probability that `day` is the last, given the state that morning; NaN if not working."""
        tenure = day - self._tutors.onboarded_day
        logit = (
            _LEAVE_LEVEL
            - 1.35 * self.mood
            + 0.8 * self.strain(day)
            + 0.35 * self.bad_firsts
            + 0.5 * (tenure < 45)
        )
        return np.where(self.working(day), 1 / (1 + np.exp(-logit)), np.nan)

    def leave(self, day: int, hazard: Floats) -> Ints:
        """Draw the tutors who leave at the end of `day`; returns their indices."""
        draw = self._settings.random(_LEAVE, day).random(len(hazard))
        gone = np.flatnonzero(draw < np.nan_to_num(hazard))
        self.left_day[gone] = day
        return gone

    def appetite(self, day: int) -> Floats:
        """Each tutor's share of the demand before scaling; 0 if away or not working.

        Unhappy tutors offer fewer hours, new ones start slowly, and some take a break of days, so
        that a gap alone does not show who left.
        """
        rng = self._settings.random(_BREAK, day)
        n = len(self.mood)
        starts = (rng.random(n) < 0.005) & (self.break_until < day)
        self.break_until[starts] = day + rng.integers(2, 12, n)[starts]
        offered = 0.15 + 0.85 / (1 + np.exp(-2.2 * (self.mood + 0.9)))
        there = self.working(day) & (self.break_until < day)
        return np.where(there, self._tutors.baseline * self.ramp(day) * offered, 0.0)

    def meetings(
        self, rng: np.random.Generator, slots: Ints, day: int, count: int
    ) -> tuple[Ints, Ints, Floats]:
        """The tutor, the student's slot and the hour of each session of `day`.

        They are ordered by tutor and hour; `slots` (tutors,) is how many students each has. Here
        `count` sessions are spread over the tutors by appetite.
        """
        appetite = self.appetite(day)
        if appetite.sum() == 0:
            count, appetite = 0, np.ones_like(appetite)
        held = rng.multinomial(count, appetite / appetite.sum())
        tutor = np.repeat(np.arange(len(held)), held)
        turn = np.arange(count) - np.repeat(np.cumsum(held) - held, held)
        # Stratified over the tutor's day: sessions are in order and rarely overlap.
        hour = np.floor(4 * hours(rng, (turn + rng.random(count)) / held[tutor])) / 4
        begin = (rng.random(len(held)) * slots).astype(np.int64)
        return tutor, (begin[tutor] + turn) % slots[tutor], hour

    def remember(self, day: int, sessions: DaySessions) -> None:
        """Update the state from the sessions of the day."""
        n = len(self.mood)

        def total(values: Floats | Bools) -> Floats:
            sums = np.bincount(sessions.tutor, weights=values.astype(np.float64), minlength=n)
            return sums.astype(np.float64)

        count = np.bincount(sessions.tutor, minlength=n)
        rated = sessions.rated
        first = rated & (sessions.number == 1)
        today = (
            count.astype(np.float64),
            total(rated),
            total((sessions.rating * rated).astype(np.float64)),
            total(np.where(sessions.no_show, 0.5, sessions.engagement)),
            total(sessions.rescheduled),
            total(first),
            total(first & (sessions.rating >= 4)),
        )
        self.seen *= 1 - 1 / _MEMORY_DAYS
        self.seen += np.stack(today)
        active = self.break_until < day
        active &= self.working(day)
        self.load += np.where(active, (count - self.load) / 10, 0.0)
        # A bad first session lowers the mood even without a rating.
        self.bad_firsts += total((sessions.number == 1) & ~sessions.no_show & (sessions.felt < 3))

    def lift(self, tutor: Ints, day: Ints, by: Floats) -> None:
        """Raise the mood of `tutor` on `day` (both (n,)) by `by`; ignores days past the end."""
        inside = day < len(self._lift)
        np.add.at(self._lift, (day[inside], tutor[inside]), by[inside])
