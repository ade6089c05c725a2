"""Evaluates predictions on rows outside the fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from tutormax.train.panel import Bools, Floats

BINS = 10


@dataclass(frozen=True)
class Figures:
    """Evaluation of one horizon; `auc` is None if all or none churned.

    `brier` is the mean squared error, `ece` the calibration error: over ten groups of rising
    prediction, the mean distance between mean prediction and share churned.
    """

    rows: int
    churned: int
    predicted: float
    auc: float | None
    brier: float
    ece: float

    @property
    def rate(self) -> float:
        """The share that churned."""
        return self.churned / self.rows


def judge(predicted: Floats, churned: Bools) -> Figures | None:
    """The figures of predictions; None if there are none."""
    if not len(churned):
        return None
    both = churned.any() and not churned.all()
    return Figures(
        rows=len(churned),
        churned=int(churned.sum()),
        predicted=float(predicted.mean()),
        auc=float(roc_auc_score(churned, predicted)) if both else None,
        brier=float(((predicted - churned) ** 2).mean()),
        ece=calibration_error(predicted, churned),
    )


def calibration_error(predicted: Floats, churned: Bools) -> float:
    """The calibration error over ten groups by rank, as in churn_prediction_outcomes.

    Equal predictions have the rank of the first of them.
    """
    before = np.searchsorted(np.sort(predicted), predicted, side="left")
    tenth = before * BINS // len(predicted)
    gaps = np.bincount(tenth, weights=predicted - churned, minlength=BINS)
    return float(np.abs(gaps).sum() / len(predicted))
