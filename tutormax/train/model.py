"""The model as in the seed, and its predictions, with the same arithmetic as in SQL."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tutormax.train.panel import INTERVALS, Floats

DIGITS = 6
"""Significant digits of what is stored: more than the data can tell, and the same everywhere.

The stored numbers are the model, so nothing is lost between training and scoring, while sums
that differ in their last bits between machines give the same file.
"""

MOST_KNOTS = 5
"""Knots of a shape, as in the macro most_knots."""

_MOST_LOG_ODDS = 40.0


@dataclass(frozen=True)
class Shape:
    """What a feature adds to the log-odds: `values` at `knots`, joined by straight lines.

    Outside the knots the value of the nearest one holds; an unknown feature adds `unknown`. Without
    knots nothing is added. A shape is zero on average over the training part.
    """

    knots: Floats
    values: Floats
    unknown: float

    def __call__(self, feature: Floats) -> Floats:
        """What each value of the feature adds."""
        if not len(self.knots):
            return np.zeros(len(feature))
        added: Floats = np.interp(feature, self.knots, self.values)
        added[np.isnan(feature)] = self.unknown
        return added


FLAT = Shape(np.empty(0), np.empty(0), 0.0)
"""The shape of a feature that says nothing."""


@dataclass(frozen=True)
class Hazard:
    """The log-odds of churning in one interval for tutors not churned before it.

    They are `intercept` + the sum of the `shapes`, one per feature.
    """

    start: int
    end: int
    intercept: float
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Model:
    """One hazard per interval, over the features `names`."""

    version: str
    names: tuple[str, ...]
    hazards: tuple[Hazard, ...]

    def __post_init__(self) -> None:
        assert tuple((hazard.start, hazard.end) for hazard in self.hazards) == INTERVALS


def log_odds(hazard: Hazard, features: Floats) -> Floats:
    """The log-odds of each row of `features` (rows, features)."""
    odds: Floats = np.full(len(features), hazard.intercept)
    for column, shape in enumerate(hazard.shapes):
        if shape is not FLAT:
            odds += shape(features[:, column])
    return odds.clip(-_MOST_LOG_ODDS, _MOST_LOG_ODDS)


def predict(model: Model, features: Floats) -> Floats:
    """The probability of churning within each horizon: (rows, features) gives (rows, horizons)."""
    staying = np.column_stack(
        [1 - probability(log_odds(hazard, features)) for hazard in model.hazards]
    )
    leaving: Floats = 1 - np.cumprod(staying, axis=1, dtype=np.float64)
    return leaving


def probability(odds: Floats) -> Floats:
    """The probability of log-odds."""
    return 1 / (1 + np.exp(-odds))


def rounded(value: float) -> float:
    """`value` rounded to the stored digits, never -0."""
    return float(f"{value:.{DIGITS - 1}e}") + 0.0


def rounded_all(values: Floats) -> Floats:
    """`values` rounded to the stored digits."""
    return np.array([rounded(value) for value in values.tolist()], dtype=np.float64)


def rounded_odds(values: Floats) -> Floats:
    """Log-odds to six decimals: smaller ones are rounding errors of the fit."""
    return np.round(values, DIGITS) + 0.0
