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

_MOST_LOG_ODDS = 40.0


@dataclass(frozen=True)
class Hazard:
    """The log-odds of churning in one interval for tutors who have not churned before it.

    The log-odds of a row x are `intercept` + the sum of `coefficient` x (x - `mean`) / `scale`; an
    unknown x adds nothing. The arrays have one entry per feature.
    """

    start: int
    end: int
    intercept: float
    coefficient: Floats
    mean: Floats
    scale: Floats


@dataclass(frozen=True)
class Model:
    """One hazard per interval, over the features `names`."""

    version: str
    names: tuple[str, ...]
    hazards: tuple[Hazard, ...]

    def __post_init__(self) -> None:
        assert tuple((hazard.start, hazard.end) for hazard in self.hazards) == INTERVALS


def standardised(features: Floats, mean: Floats, scale: Floats) -> Floats:
    """Features in units of `scale` from `mean`; unknown values are average."""
    return np.nan_to_num((features - mean) / scale, nan=0.0)


def log_odds(hazard: Hazard, features: Floats) -> Floats:
    """The log-odds of each row of `features` (rows, features)."""
    values = standardised(features, hazard.mean, hazard.scale)
    odds: Floats = hazard.intercept + values @ hazard.coefficient
    return np.clip(odds, -_MOST_LOG_ODDS, _MOST_LOG_ODDS)


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
