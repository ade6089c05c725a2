"""Fitting: one logistic regression per interval, regularised and calibrated by cross-validation.

The result depends only on the panel: folds come from hashes, and sums run in one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from tutormax.errors import UserError
from tutormax.train.model import (
    Hazard,
    Model,
    log_odds,
    probability,
    rounded,
    rounded_all,
    standardised,
)
from tutormax.train.panel import (
    INTERVALS,
    Bools,
    Floats,
    Ints,
    Panel,
    in_days,
    thinned,
    tutor_ranks,
)

STRENGTHS = (0.0001, 0.001, 0.01, 0.1, 1.0)
"""What C may be: the smaller, the more the coefficients are drawn to nought."""

FOLDS = 5
LEAST_CHURNED_TO_CALIBRATE = 10
MOST_SLOPE = 3.0


@dataclass(frozen=True)
class Fit:
    """How one interval was fitted; `derived_from` is the interval it was derived from."""

    rows: int
    churned: int
    tutors_churned: int
    strength: float
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
    mean, scale, useful = standardisation(panel.features)
    hazards: list[Hazard] = []
    fits: list[Fit] = []
    with threadpool_limits(1):
        for start, end in INTERVALS:
            if end > horizon:
                hazards.append(_prolonged(hazards[len(_within(horizon)) - 1], start, end, panel))
                fits.append(_as_before(fits[len(_within(horizon)) - 1], _within(horizon)[-1]))
                continue
            hazard, fitted = _fit_interval(
                interval_rows(panel, start, end), (start, end), (mean, scale, useful)
            )
            say(
                f"Days {start} to {end}: {fitted.rows:,} rows, {fitted.churned:,} of them churned "
                f"({fitted.tutors_churned:,} tutors); C = {fitted.strength:g}"
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
    kept = there & thinned(panel, end - start)
    return panel.take(kept if kept.any() else there)


def standardisation(features: Floats) -> tuple[Floats, Floats, Bools]:
    """Mean and scale of the known values of each feature, and which features vary."""
    mean = np.zeros(features.shape[1])
    scale = np.ones(features.shape[1])
    useful = np.zeros(features.shape[1], dtype=np.bool_)
    for column in range(features.shape[1]):
        known = features[~np.isnan(features[:, column]), column]
        if not len(known):
            continue
        mean[column] = rounded(float(known.mean()))
        spread = rounded(float(known.std()))
        if known.min() < known.max() and spread > 0:
            scale[column], useful[column] = spread, True
    return mean, scale, useful


def _fit_interval(
    panel: Panel, interval: tuple[int, int], standards: tuple[Floats, Floats, Bools]
) -> tuple[Hazard, Fit]:
    (start, end), (mean, scale, useful) = interval, standards
    churned = panel.churned(end)
    values = standardised(panel.features, mean, scale)[:, useful]
    strength, unseen = _choose_strength(values, churned, panel)
    slope, shift = _calibration(unseen, churned)
    intercept, coefficients = _regression(values, churned, strength)
    coefficient = np.zeros(len(mean))
    coefficient[useful] = rounded_all(slope * coefficients)
    hazard = Hazard(start, end, rounded(slope * intercept + shift), coefficient, mean, scale)
    tutors_churned = len(np.unique(panel.tutor[churned].astype(str)))
    return hazard, Fit(len(panel), int(churned.sum()), tutors_churned, strength, slope, shift)


def _choose_strength(values: Floats, churned: Bools, panel: Panel) -> tuple[float, Floats]:
    """The C with the least log loss on tutors outside the fit, and those log-odds."""
    ranks, tutors = tutor_ranks(panel.tutor, "fold")
    folds = ranks % min(FOLDS, tutors)
    best: tuple[float, float, Floats] | None = None
    for strength in STRENGTHS:
        unseen = _unseen_log_odds(values, churned, folds, strength)
        # log(1 + exp(z)) - y z, without overflow.
        loss = float((np.logaddexp(0, unseen) - churned * unseen).mean())
        if best is None or loss < best[0]:
            best = loss, strength, unseen
    assert best is not None
    return best[1], best[2]


def _unseen_log_odds(values: Floats, churned: Bools, folds: Ints, strength: float) -> Floats:
    """Log-odds of each row from a fit without its fold."""
    result = np.zeros(len(churned))
    for fold in np.unique(folds):
        held = folds == fold
        intercept, coefficients = _regression(values[~held], churned[~held], strength)
        result[held] = intercept + values[held] @ coefficients
    return result


def _regression(values: Floats, churned: Bools, strength: float) -> tuple[float, Floats]:
    """Intercept and coefficients; only the rate if all or none churned."""
    count = int(churned.sum())
    if count in (0, len(churned)) or not values.shape[1]:
        rate = (count + 0.5) / (len(churned) + 1)
        return float(np.log(rate / (1 - rate))), np.zeros(values.shape[1])
    model = LogisticRegression(C=strength, solver="newton-cholesky", max_iter=200, tol=1e-8)
    model.fit(values, churned)
    return float(model.intercept_[0]), model.coef_[0]


def _calibration(unseen: Floats, churned: Bools) -> tuple[float, float]:
    """Platt's slope and shift, from log-odds of rows outside their fit."""
    count = int(churned.sum())
    if min(count, len(churned) - count) < LEAST_CHURNED_TO_CALIBRATE:
        return 1.0, 0.0
    spread = float(unseen.std())
    if spread == 0:
        return 1.0, 0.0
    shift, (slope,) = _regression(((unseen - unseen.mean()) / spread)[:, None], churned, 1e6)
    if slope <= 0:
        # The fit does not generalise: use only the rate.
        return 0.0, _regression(np.empty((len(churned), 0)), churned, 1.0)[0]
    if slope / spread > MOST_SLOPE:
        # With perfect separation the steepest slope would win and look like certainty; the
        # penalty alone is more careful.
        return 1.0, 0.0
    return float(slope / spread), float(shift - slope * unseen.mean() / spread)


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
    intercept = rounded(last.intercept + float(shift))
    return Hazard(start, end, intercept, last.coefficient, last.mean, last.scale)


def _as_before(last: Fit, interval: tuple[int, int]) -> Fit:
    return Fit(0, 0, 0, last.strength, last.slope, last.shift, derived_from=interval)
