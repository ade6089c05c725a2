"""Which students a tutor has, and how often each pair has met."""

from __future__ import annotations

import numpy as np

from tutormax.generate.columns import Ints
from tutormax.generate.population import Students, Tutors
from tutormax.generate.settings import Settings

_ROSTER = 5
_MOST_SLOTS = 60
_WEEKLY_MEETINGS = 1.9


class PairCounts:
    """How many sessions each (tutor, student) pair has had: sorted keys and their counts.

    Two arrays and a binary search avoid millions of Python objects.
    """

    def __init__(self, keys: Ints, counts: Ints) -> None:
        self._keys, first = np.unique(keys, return_index=True)
        self._counts = counts[first]

    def advance(self, keys: Ints) -> Ints:
        """The number of each session, 1 for a pair's first; `keys` (sessions,) are in time order.

        Only the order within a pair matters.
        """
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)])
        sizes = np.diff(np.r_[begins, len(ordered)])
        pairs = ordered[begins]
        place = np.searchsorted(self._keys, pairs)
        known = np.zeros(len(pairs), dtype=bool)
        inside = place < len(self._keys)
        known[inside] = self._keys[place[inside]] == pairs[inside]
        before = np.zeros(len(pairs), dtype=np.int64)
        before[known] = self._counts[place[known]]
        numbers = np.empty(len(keys), dtype=np.int64)
        numbers[order] = np.repeat(before - begins, sizes) + np.arange(1, len(keys) + 1)
        self._counts[place[known]] += sizes[known]
        self._keys = np.insert(self._keys, place[~known], pairs[~known])
        self._counts = np.insert(self._counts, place[~known], sizes[~known])
        return numbers


class Roster:
    """The current students of each tutor, replaced as they move on.

    A tutor has slots for the wanted workload, each with one student. New students, and those whose
    tutor left, wait and get the next free slot.
    """

    def __init__(self, settings: Settings, tutors: Tutors, students: Students) -> None:
        rng = settings.random(_ROSTER)
        self._students = students
        self._present = int(np.searchsorted(students.created_day, 0))
        wanted = np.rint(tutors.baseline / _WEEKLY_MEETINGS)
        self.slots: Ints = np.clip(wanted, 3, min(_MOST_SLOTS, settings.students)).astype(np.int64)
        width = int(self.slots.max())
        count = settings.tutors * width
        # Dealt like cards, so that students have about equally many tutors.
        deals = -(-count // self._present)
        dealt = np.concatenate([rng.permutation(self._present) for _ in range(deals)])
        self._holder: Ints = dealt[:count].reshape(settings.tutors, width)
        self._waiting: Ints = np.empty(0, dtype=np.int64)
        self._keys = np.arange(settings.tutors)[:, None] * settings.students
        self._width = settings.students
        before = np.flatnonzero(tutors.onboarded_day < 0)
        weeks = np.minimum(-tutors.onboarded_day[before], 180) / 7
        met = 1 + rng.exponential(weeks[:, None], (len(before), width)).astype(np.int64)
        keys = self._keys[before] + self._holder[before]
        self.pairs = PairCounts(keys.ravel(), met.ravel())

    def welcome(self, day: int) -> None:
        """Add the students created before `day`."""
        present = int(np.searchsorted(self._students.created_day, day))
        self._waiting = np.r_[self._waiting, np.arange(self._present, present)]
        self._present = present

    def release(self, tutors: Ints) -> None:
        """Students of leaving `tutors` wait for another."""
        used = np.arange(self._holder.shape[1]) < self.slots[tutors][:, None]
        self._waiting = np.r_[self._waiting, self._holder[tutors][used]]

    def attend(self, rng: np.random.Generator, tutor: Ints, slot: Ints, anew: Ints) -> Ints:
        """The student of each session (sessions,); positions `anew` get another one."""
        waiting = rng.permutation(self._waiting)
        served = waiting[: len(anew)]
        others = rng.integers(0, self._present, len(anew) - len(served))
        self._waiting = waiting[len(anew) :]
        self._holder[tutor[anew], slot[anew]] = np.r_[served, others]
        return self._holder[tutor, slot]

    def number(self, tutor: Ints, student: Ints) -> Ints:
        """Session numbers (sessions,) within each pair; sessions in time order within a tutor."""
        return self.pairs.advance(tutor * self._width + student)
