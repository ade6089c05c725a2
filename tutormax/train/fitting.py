"""Fitting: one additive logistic regression per interval, regularised and calibrated by folds.

The result depends only on the panel: folds come from hashes, and sums run in one thread.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from tutormax.errors import UserError
from tutormax.train.model import Hazard, Model, log_odds, probability, rounded_odds
from tutormax.train.panel import (
    INTERVALS,
    Bools,
    Floats,
    Panel,
    in_days,
    thinned,
    tutor_ranks,
)
from tutormax.train.shapes import Basis, basis

PENALTIES = (1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)
"""What the penalty may be multiplied by: the greater, the flatter the shapes."""

MOST_ROWS = 100_000
"""Of more rows of an interval, days of each tutor are left out: a seventh remains at least."""

LONGER_LEVELS = (
    "session_engagement_90day",
    "avg_rating_90day",
    "objectives_met_share_90day",
    "reschedule_rate_90day",
    "no_show_rate_90day",
)
"""Features that repeat others over a longer time: an interval has them if unseen tutors gain."""

FOLDS = 5
LEAST_CHURNED_TO_CALIBRATE = 10
MOST_SLOPE = 3.0

_MOST_STEPS = 50
_CONVERGED = 1e-7


@dataclass(frozen=True)
class Fit:
    """How one interval was fitted; `derived_from` is the interval it was derived from."""

    rows: int
    churned: int
    tutors_churned: int
    penalty: float
    slope: float
    shift: float
    derived_from: tuple[int, int] | None = None


def fit(
    panel: Panel, version: str, horizon: int, say: Callable[[str], None] = lambda _: None
) -> tuple[Model, tuple[Fit, ...]]:
    """Fit the intervals up to `horizon`; derive later ones from the last.

    Raises:
        UserError: nobody churned, or everybody did at once.
    """
    if not panel.churned(horizon)[panel.judged(1)].any():
        raise UserError(
            f"None of the {panel.tutors()} tutors to learn from is known to have churned, and what "
            "never happened cannot be learned: load more data."
        )
    # Later rows are in shorter intervals alone, and a shape must not go on where one has no data.
    seen = panel.judged(max(end for _, end in _within(horizon)))
    knots = basis(panel.features[seen])
    hazards: list[Hazard] = []
    fits: list[Fit] = []
    with threadpool_limits(1):
        for start, end in INTERVALS:
            if end > horizon:
                hazards.append(_prolonged(hazards[len(_within(horizon)) - 1], start, end, panel))
                fits.append(_as_before(fits[len(_within(horizon)) - 1], _within(horizon)[-1]))
                continue
            hazard, fitted = _fit_interval(panel, start, end, knots)
            say(
                f"Days {start} to {end}: {fitted.rows:,} rows, {fitted.churned:,} of them churned "
                f"({fitted.tutors_churned:,} tutors); penalty {fitted.penalty:g}"
            )
            hazards.append(hazard)
            fits.append(fitted)
    return Model(version, panel.names, tuple(hazards)), tuple(fits)


def interval_rows(panel: Panel, start: int, end: int) -> Panel:
    """The training rows of an interval."""
    there = panel.judged(end) & panel.at_risk(start)
    if not there.any():
        raise UserError(
            f"None of the {panel.tutors()} tutors to learn from was still there {in_days(start)} "
            "after a prediction, so what comes then cannot be learned: load more data."
        )
    step = max(end - start, math.ceil(there.sum() / MOST_ROWS))
    kept = there & thinned(panel, step)
    return panel.take(kept if kept.any() else there)


def _fit_interval(panel: Panel, start: int, end: int, knots: Basis) -> tuple[Hazard, Fit]:
    rows = interval_rows(panel, start, end)
    churned = rows.churned(end)
    design, cost = knots.design(rows.features), knots.penalty(panel.features)
    longer = knots.columns([name in LONGER_LEVELS for name in panel.names])
    chosen, kept = min(
        (
            (_choose_penalty(design[:, kept], churned, cost[np.ix_(kept, kept)], rows), kept)
            for kept in ((~longer, longer | True) if longer.any() else (~longer,))
        ),
        key=lambda option: option[0].loss,
    )
    unseen = chosen.unseen
    coefficients = np.zeros(design.shape[1])
    coefficients[kept] = chosen.coefficients
    is_late = rows.day >= np.median(rows.day)
    slope, shift = _calibration(unseen[is_late], churned[is_late])
    mean, shapes = knots.shapes(slope * coefficients, panel.features)
    intercept = float(rounded_odds(slope * coefficients[0] + shift + mean))
    tutors_churned = len(np.unique(rows.tutor[churned].astype(str)))
    return Hazard(start, end, intercept, shapes), Fit(
        len(rows), int(churned.sum()), tutors_churned, chosen.penalty, slope, shift
    )


class _Chosen(NamedTuple):
    """A penalty, the mean log loss of tutors outside the fit, their log-odds, the fit to all."""

    penalty: float
    loss: float
    unseen: Floats
    coefficients: Floats


def _choose_penalty(design: Floats, churned: Bools, cost: Floats, rows: Panel) -> _Chosen:
    """The penalty with the least log loss on tutors outside the fit.

    Penalties fall until the loss rises. A fit without a fold is one step of Newton's method from
    that with it: it is near, and the step needs no other pass over the rows.
    """
    ranks, tutors = tutor_ranks(rows.tutor, "fold")
    folds = ranks % min(FOLDS, tutors)
    order = np.argsort(folds, kind="stable")
    design, churned = design[order], churned[order]
    bounds = np.searchsorted(folds[order], np.arange(folds.max() + 2))
    parts = [slice(start, end) for start, end in itertools.pairwise(bounds)]
    best: _Chosen | None = None
    fitted: Floats | None = None
    for penalty in PENALTIES:
        fitted = _regression(design, churned, penalty * cost, fitted)
        sums = [_derivatives(design[part], churned[part], fitted) for part in parts]
        slopes, bends = (np.sum(each, axis=0) for each in zip(*sums, strict=True))
        unseen = np.zeros(len(churned))
        for part, (slope, bend) in zip(parts, sums, strict=True):
            gradient = slopes - slope + penalty * cost @ fitted
            step = np.linalg.solve(bends - bend + penalty * cost, gradient)
            unseen[part] = design[part] @ (fitted - step)
        # log(1 + exp(z)) - y z, without overflow.
        loss = float((np.logaddexp(0, unseen) - churned * unseen).mean())
        if best is not None and loss >= best.loss:
            break
        best = _Chosen(penalty, loss, unseen, fitted)
    assert best is not None
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return best._replace(unseen=best.unseen[back])


def _derivatives(design: Floats, churned: Bools, coefficients: Floats) -> tuple[Floats, Floats]:
    """Gradient and Hessian of the log loss."""
    predicted = probability(np.clip(design @ coefficients, -30, 30))
    weighted = np.sqrt(predicted * (1 - predicted))[:, None] * design
    return design.T @ (predicted - churned), weighted.T @ weighted


def _regression(
    design: Floats, churned: Bools, cost: Floats, start: Floats | None = None
) -> Floats:
    """Coefficients of the penalised regression by Newton's method; the rate if all are alike."""
    count = int(churned.sum())
    rate = (count + 0.5) / (len(churned) + 1)
    coefficients = np.zeros(design.shape[1])
    coefficients[0] = np.log(rate / (1 - rate))
    if count in (0, len(churned)) or design.shape[1] == 1:
        return coefficients
    coefficients = coefficients if start is None else start
    loss = _loss(design, churned, cost, coefficients)
    for _ in range(_MOST_STEPS):
        gradient, hessian = _derivatives(design, churned, coefficients)
        step = np.linalg.solve(hessian + cost, gradient + cost @ coefficients)
        size = 1.0
        while (next_loss := _loss(design, churned, cost, coefficients - size * step)) > loss:
            size /= 2
            if size < _CONVERGED:
                return coefficients
        coefficients = coefficients - size * step
        if loss - next_loss <= _CONVERGED * loss:
            return coefficients
        loss = next_loss
    return coefficients


def _loss(design: Floats, churned: Bools, cost: Floats, coefficients: Floats) -> float:
    odds = design @ coefficients
    fit = (np.logaddexp(0, odds) - churned * odds).sum()
    return float(fit + coefficients @ cost @ coefficients / 2)


def _calibration(unseen: Floats, churned: Bools) -> tuple[float, float]:
    """Platt's slope and shift, from log-odds of rows outside their fit."""
    count = int(churned.sum())
    if min(count, len(churned) - count) < LEAST_CHURNED_TO_CALIBRATE:
        return 1.0, 0.0
    mean, spread = float(unseen.mean()), float(unseen.std())
    if spread == 0:
        return 1.0, 0.0
    design = np.column_stack([np.ones(len(unseen)), (unseen - mean) / spread])
    shift, slope = _regression(design, churned, 1e-6 * np.eye(2)).tolist()
    if slope <= 0:
        # The fit does not generalise: use only the rate.
        return 0.0, float(_regression(design[:, :1], churned, np.zeros((1, 1)))[0])
    if slope / spread > MOST_SLOPE:
        # With perfect separation the steepest slope would win and look like certainty; the
        # penalty alone is more careful.
        return 1.0, 0.0
    return float(slope / spread), float(shift - slope * mean / spread)


def _within(horizon: int) -> Sequence[tuple[int, int]]:
    return [interval for interval in INTERVALS if interval[1] <= horizon]


def _prolonged(last: Hazard, start: int, end: int, panel: Panel) -> Hazard:
    """A hazard for [start, end) that continues the daily hazard of the `last` interval.

    Exact for the average row; odds ratios between rows stay.
    """
    rows = panel.judged(last.end) & panel.at_risk(last.start)
    rate = float(probability(log_odds(last, panel.features[rows])).mean())
    longer = 1 - (1 - rate) ** ((end - start) / (last.end - last.start))
    shift = np.log(longer / (1 - longer)) - np.log(rate / (1 - rate))
    return Hazard(start, end, float(rounded_odds(last.intercept + shift)), last.shapes)


def _as_before(last: Fit, interval: tuple[int, int]) -> Fit:
    return Fit(0, 0, 0, last.penalty, last.slope, last.shift, derived_from=interval)
