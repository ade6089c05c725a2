"""No tutor and no day, nor a day looked ahead to, is in both the training and the test part."""

from __future__ import annotations

import numpy as np
import pytest

from support.churn_panels import FIRST_DAY, panel
from tutormax.errors import UserError
from tutormax.train.panel import HORIZONS, Panel, thinned, tutor_ranks
from tutormax.train.splitting import LEAST_TUTORS, split


@pytest.mark.parametrize("days", [45, 90, 365])
def test_parts_share_no_tutor_and_no_day(days: int) -> None:
    parts = split(panel(days=days))
    assert len(parts.train) and len(parts.test)
    assert not set(parts.train.tutor) & set(parts.test.tutor)
    assert parts.test.day.min() == parts.test_start
    for horizon in HORIZONS:
        learned = parts.train.take(parts.train.judged(horizon))
        if len(learned):
            assert (learned.day + horizon).max() <= parts.test_start
    assert parts.train.day.max() < parts.test_start


@pytest.mark.parametrize(
    ("days", "horizon"), [(45, 7), (87, 7), (88, 30), (90, 30), (207, 30), (208, 90), (365, 90)]
)
def test_the_longest_horizon_that_both_parts_can_judge(days: int, horizon: int) -> None:
    parts = split(panel(tutors=10, days=days, hazard=0.0001))
    assert parts.horizon == horizon
    assert parts.train.judged(horizon).any()
    assert parts.test.judged(horizon).any()


def test_a_tutors_part_does_not_depend_on_the_others() -> None:
    ranks, count = tutor_ranks(np.array(["a", "b", "a", "c"], dtype=object), "split")
    assert count == 3
    assert ranks[0] == ranks[2]
    assert sorted({*ranks.tolist()}) == [0, 1, 2]
    fewer, _ = tutor_ranks(np.array(["a", "c"], dtype=object), "split")
    assert (fewer[0] < fewer[1]) == (ranks[0] < ranks[3])


def test_orders_for_different_purposes_differ() -> None:
    tutors = np.array([f"tutor-{n}" for n in range(50)], dtype=object)
    assert (tutor_ranks(tutors, "split")[0] != tutor_ranks(tutors, "fold")[0]).any()


def test_thinning_keeps_every_seventh_day_of_each_tutor() -> None:
    full = panel(tutors=8, days=100)
    kept = full.take(thinned(full, 23))
    for tutor in set(kept.tutor):
        assert set(np.diff(kept.day[kept.tutor == tutor])) == {7}
    assert len({int(day) % 7 for day in kept.day}) == 7
    assert thinned(full, 1).all()


def test_outcomes_that_are_not_known_yet_are_not_judged() -> None:
    one = panel(tutors=5, days=60, hazard=0.05)
    assert (one.judged(7) == (one.day + 7 <= FIRST_DAY + 60 - 13)).all()
    assert not one.judged(90).any()
    assert (one.churned(7) == (one.churn_in < 7)).all()


def test_too_few_tutors_is_a_sentence() -> None:
    with pytest.raises(UserError, match="what became of 4 tutors; training needs 5"):
        split(panel(tutors=LEAST_TUTORS - 1))
    assert split(panel(tutors=LEAST_TUTORS, hazard=0.0001)).test.tutors() >= 1


def test_too_short_a_history_is_a_sentence() -> None:
    with pytest.raises(UserError, match=r"known for 11 days .* training needs 28: .*load a longer"):
        split(panel(days=25))


def test_nothing_judged_is_a_sentence() -> None:
    late = panel(days=60)
    nobody: Panel = late.take(late.day > late.known_until)
    with pytest.raises(UserError, match="what became of 0 tutors"):
        split(nobody)
