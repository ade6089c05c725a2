"""Interventions: recommended day by day from observed values, their outcomes set at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tutormax.generate import words
from tutormax.generate.columns import (
    Floats,
    Ints,
    decimals,
    joined,
    numbered,
    picked,
    table_of,
    times,
)
from tutormax.generate.population import World, arrival
from tutormax.generate.settings import DAY_US, HOUR_US, SECOND_US
from tutormax.generate.state import State

_RECOMMEND, _ROWS = 40, 41
_RATE = 0.142
_PENDING, _IN_PROGRESS, _COMPLETED, _CANCELLED = range(4)
_STATUSES = ("pending", "in_progress", "completed", "cancelled")
_CHURNED = words.OUTCOMES.index("churned")


@dataclass(frozen=True)
class Recommended:
    """Interventions of one day, every array (n,), with how each goes unless the tutor leaves."""

    tutor: Ints
    kind: Ints
    measured: Floats
    at_us: Ints
    starts_us: Ints
    ends_us: Ints
    dropped: Ints  # 1 if cancelled instead of started
    outcome: Ints


def recommend(world: World, state: State, day: int) -> Recommended:
    """Draw the interventions recommended on `day`; those that will help raise the mood."""
    settings, tutors = world.settings, world.tutors
    rng = settings.random(_RECOMMEND, day)
    chance = np.minimum(_RATE * np.exp(-0.2 * state.mood), 0.5) * state.working(day)
    tutor = np.flatnonzero(rng.random(settings.tutors) < chance)
    n = len(tutor)
    sessions, rated, stars, engagement, moved, firsts, good = state.seen[:, tutor]
    # An observer's estimate of the risk: the mood with much noise.
    risk = 1 / (1 + np.exp(1.2 + 0.9 * (state.mood[tutor] + rng.normal(0, 0.8, n))))
    measures = np.stack(
        [
            np.round(_ratio(stars, rated, 4.3), 2),
            np.round(_ratio(engagement, sessions, 0.7), 2),
            np.round(_ratio(good, firsts, 0.8), 2),
            np.round(_ratio(moved, sessions, 0.07), 2),
            np.round(100 * risk),
        ]
    )
    kind = _choose(rng, measures, day - tutors.onboarded_day[tutor])
    measured = measures[
        np.array([item.measure for item in words.INTERVENTIONS])[kind], np.arange(n)
    ]
    due = np.array([item.due_days for item in words.INTERVENTIONS])[kind]
    at = settings.start_us + day * DAY_US + rng.integers(6 * 3600, 22 * 3600, n) * SECOND_US
    starts = at + _hours_of(rng, np.minimum(rng.exponential(48, n), 240))
    ends = starts + _hours_of(rng, np.minimum(24 * due * rng.uniform(0.1, 1.15, n), 600))
    outcome = np.searchsorted([0.48, 0.86], rng.random(n))
    dropped = (rng.random(n) < 0.12).astype(np.int64)
    help_day = (ends - settings.start_us) // DAY_US + 1
    state.lift(tutor, help_day, 0.25 * ((outcome == 0) & (dropped == 0)))
    return Recommended(tutor, kind, measured, at, starts, ends, dropped, outcome)


def intervention_rows(world: World, left_day: Ints, every: list[Recommended]) -> pa.Table:
    """The rows of all interventions on the end date.

    `left_day` (tutors,) is the last day worked, -1 for tutors who stayed. Interventions still open
    then are cancelled; those completed within 30 days before it have the outcome `churned`.
    """
    settings, tutors = world.settings, world.tutors
    rng = settings.random(_ROWS)
    tutor, kind, at, starts, ends, dropped, outcome = (
        np.concatenate([getattr(item, name) for item in every])
        for name in ("tutor", "kind", "at_us", "starts_us", "ends_us", "dropped", "outcome")
    )
    measured = np.concatenate([item.measured for item in every])
    n = len(tutor)
    last = settings.end_us - 60 * SECOND_US
    left = left_day[tutor]
    left_us = np.where(left >= 0, settings.start_us + (left + 1) * DAY_US - HOUR_US // 2, last + 1)
    status = np.select(
        [(dropped == 1) & (starts < last), (ends < left_us) & (ends < last) & (dropped == 0)],
        [_CANCELLED, _COMPLETED],
        np.where((starts < last) & (dropped == 0), _IN_PROGRESS, _PENDING),
    )
    overtaken = (left >= 0) & ((status == _PENDING) | (status == _IN_PROGRESS))
    status[overtaken] = _CANCELLED
    done = status == _COMPLETED
    lost = done & (left >= 0) & (left_us - ends < 30 * DAY_US)
    outcome[lost] = _CHURNED
    # `churned` is recorded on the day the tutor leaves, not on completion.
    touched = np.select(
        [done & ~lost, lost | overtaken, status == _PENDING], [ends, left_us, at], starts
    )
    due = at + np.array([item.due_days for item in words.INTERVENTIONS])[kind] * DAY_US
    reason = joined(
        picked([item.before for item in words.INTERVENTIONS], kind),
        decimals(measured, 2),
        picked([item.after for item in words.INTERVENTIONS], kind),
    )
    noted = (status != _PENDING) & (rng.random(n) < 0.5)
    return table_of(
        "interventions",
        {
            "intervention_id": numbered("intervention_", 1, n, 8),
            "tutor_id": picked(tutors.ids, tutor),
            "intervention_type": picked([item.name for item in words.INTERVENTIONS], kind),
            "trigger_reason": reason,
            "recommended_date": times(at),
            "assigned_to": picked([item.assigned_to for item in words.INTERVENTIONS], kind),
            "status": picked(_STATUSES, status),
            "due_date": times(due),
            "completed_date": times(ends, ~done),
            "outcome": picked(words.OUTCOMES, outcome, ~done),
            "notes": picked(words.NOTES, rng.integers(0, len(words.NOTES), n), ~noted),
            "created_at": times(at),
            "updated_at": times(touched),
            "_loaded_at": times(arrival(rng, touched)),
        },
    )


def _choose(rng: np.random.Generator, measures: Floats, tenure: Ints) -> Ints:
    """The type of each intervention (n,), more likely if the measured values suggest it."""
    rating, engagement, first, moved, risk = measures
    weights = np.array([item.weight for item in words.INTERVENTIONS])[:, None] * np.stack(
        [
            np.where(rating < 4.2, 3.0, 0.2),
            np.where((tenure < 30) | (engagement < 0.6), 4.0, 0.6),
            np.where(first < 0.75, 5.0, 0.1),
            np.where(moved > 0.10, 6.0, 0.03),
            np.where(risk > 40, 3.0, 0.1),
            np.where((risk > 20) & (risk <= 40), 3.0, 0.1),
            np.where(rating < 4.0, 6.0, 0.02),
            np.where(risk > 55, 6.0, 0.02),
            np.where(rating > 4.5, 4.0, 0.05),
        ]
    )
    bounds = np.cumsum(weights, axis=0)
    picks: Ints = (bounds < rng.random(len(rating)) * bounds[-1]).sum(axis=0)
    return picks


def _ratio(part: Floats, whole: Floats, otherwise: float) -> Floats:
    return np.where(whole > 0.5, part / np.maximum(whole, 0.5), otherwise)


def _hours_of(rng: np.random.Generator, hours: Floats) -> Ints:
    """Hours as microseconds, in whole seconds, never zero."""
    return ((hours * 3600).astype(np.int64) + rng.integers(60, 600, len(hours))) * SECOND_US
