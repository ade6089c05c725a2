"""Splits rows into training and test, which share no tutor, no day and no outcome window."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tutormax.errors import UserError
from tutormax.train.panel import HORIZONS, Panel, tutor_ranks

LEAST_TUTORS = 5
LEAST_HORIZON = 7
TEST_TUTORS = 0.3
TEST_DAYS = 1 / 3
LEAST_ROOM = 14
"""Days that are left to train and test on beside the two windows that look ahead."""


@dataclass(frozen=True)
class Split:
    """The two parts. `horizon` is the longest that can be evaluated in both.

    The training part uses no outcome from `test_start` on.
    """

    train: Panel
    test: Panel
    test_start: int
    horizon: int


def split(panel: Panel) -> Split:
    """Split by time and by tutor.

    Raises:
        UserError: the data have too few days or tutors.
    """
    panel = panel.take(panel.judged(1))
    ranks, tutors = tutor_ranks(panel.tutor, "split")
    if tutors < LEAST_TUTORS:
        raise UserError(
            f"The warehouse tells what became of {tutors} tutor{'s' * (tutors != 1)}; training "
            f"needs {LEAST_TUTORS} at least, as some are kept to test the model on: load more data."
        )
    first = int(panel.day.min())
    horizon, test_start = _cut(first, panel.known_until)
    tests = ranks < max(1, round(TEST_TUTORS * tutors))
    learned = replace(panel, known_until=test_start)
    return Split(
        train=learned.take(~tests & learned.judged(1)),
        test=panel.take(tests & (panel.day >= test_start)),
        test_start=test_start,
        horizon=horizon,
    )


def _cut(first: int, known_until: int) -> tuple[int, int]:
    """The longest horizon that the days allow, and the start of the test."""
    days = known_until - first
    for horizon in sorted(HORIZONS, reverse=True):
        room = days - 2 * horizon
        if room >= LEAST_ROOM and horizon >= LEAST_HORIZON:
            return horizon, known_until - horizon - round(TEST_DAYS * room)
    raise UserError(
        f"What became of tutors is known for {days} days of predictions, and training needs "
        f"{2 * LEAST_HORIZON + LEAST_ROOM}: it learns from some and tests the model on later ones; "
        "load a longer history."
    )
