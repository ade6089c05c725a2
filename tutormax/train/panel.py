"""The training data: one row per active tutor and day, with features and churn."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

INTERVALS: tuple[tuple[int, int], ...] = ((0, 1), (1, 7), (7, 30), (30, 90))
"""The days after the prediction that a hazard is fitted for, each from (included) to (excluded)."""

HORIZONS: tuple[int, ...] = tuple(end for _, end in INTERVALS)

RECENCY = "days_since_last_session"
"""The feature that the plain baseline knows alone."""


@dataclass(frozen=True)
class Panel:
    """Rows sorted by tutor and day; every array has one entry (or row) for each.

    `day` counts from 1970. `churn_in` is how many days (from 0 on) after its own day a row's tutor
    churned; NaN if no churn is known. All churn before `known_until` is known. A tutor churns by
    `inactivity_days` open days of silence, and counts as active with a completed session in the
    `recent_days` before.
    """

    tutor: Texts
    day: Ints
    features: Floats
    names: tuple[str, ...]
    churn_in: Floats
    known_until: int
    as_of: int
    inactivity_days: int
    recent_days: int

    def __len__(self) -> int:
        return len(self.day)

    def take(self, rows: Bools) -> Panel:
        """The rows that are true in `rows`."""
        return replace(
            self,
            tutor=self.tutor[rows],
            day=self.day[rows],
            features=self.features[rows],
            churn_in=self.churn_in[rows],
        )

    def only(self, names: Sequence[str]) -> Panel:
        """The same rows with only these features."""
        columns = [self.names.index(name) for name in names]
        return replace(self, features=self.features[:, columns], names=tuple(names))

    def judged(self, end: int) -> Bools:
        """Rows whose outcome in the `end` days from their own day on is known."""
        return self.day + end <= self.known_until

    def at_risk(self, start: int) -> Bools:
        """Rows whose tutor had not churned in the first `start` days."""
        return ~(self.churn_in < start)

    def churned(self, end: int) -> Bools:
        """Rows whose tutor churned within `end` days; only meaningful for `judged` rows."""
        return self.churn_in < end

    def is_active(self) -> Bools:
        """Rows whose tutor completed a session in the days before, and so can still be kept."""
        active: Bools = self.features[:, self.names.index(RECENCY)] <= self.recent_days
        return active

    def tutors(self) -> int:
        """The number of tutors."""
        return len(np.unique(self.tutor.astype(str)))

    def churners(self) -> int:
        """The number of tutors known to have churned."""
        return len(np.unique(self.tutor[~np.isnan(self.churn_in)].astype(str)))


def tutor_ranks(tutors: Texts, purpose: str) -> tuple[Ints, int]:
    """The place (from 0) of each row's tutor in an arbitrary order, and the number of tutors.

    The order is by a hash of the id and `purpose`, so that it is reproducible.
    """
    unique, where = np.unique(tutors.astype(str), return_inverse=True)
    digests = [hashlib.sha256(f"{purpose} {tutor}".encode()).digest() for tutor in unique]
    order = sorted(range(len(unique)), key=digests.__getitem__)
    places = np.empty(len(unique), dtype=np.int64)
    places[order] = np.arange(len(unique))
    ranks: Ints = places[where]
    return ranks, len(unique)


def thinned(panel: Panel, length: int) -> Bools:
    """Every n-th day of each tutor, n being the interval's length but at most a week.

    Consecutive days of a tutor have nearly the same outcome, so more of them add little. The first
    day differs between tutors, so that all weekdays are included.
    """
    step = min(length, 7)
    shift, _ = tutor_ranks(panel.tutor, "thin")
    kept: Bools = (panel.day + shift) % step == 0
    return kept


def in_days(count: int) -> str:
    """`1 day`, `7 days`."""
    return f"{count} day{'s' * (count != 1)}"
