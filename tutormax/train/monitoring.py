"""Risk bands, and the distribution of the training data for drift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tutormax.train.model import Model, predict, rounded
from tutormax.train.panel import HORIZONS, Floats, Panel

BAND_HORIZON = 30
LEVELS = ("Low", "Medium", "High", "Critical")
SCORES = (0, 25, 50, 75, 100)
ODDS = (1, 3, 10)
"""Where Medium, High and Critical begin: at so many times the odds of the average tutor."""

_BINS = 10


@dataclass(frozen=True)
class Band:
    """A risk level: a range of 30-day probabilities and of scores."""

    level: str
    probability_from: float
    probability_to: float
    score_from: int
    score_to: int
    comment: str


@dataclass(frozen=True)
class Bin:
    """The share of the training rows with a feature in [lower, upper); number 0: unknown."""

    feature: str
    number: int
    lower: float | None
    upper: float | None
    share: float


def bands(model: Model, panel: Panel) -> list[Band]:
    """The four bands; edges rise strictly between 0 and 1."""
    rate = float(predict(model, panel.features)[:, HORIZONS.index(BAND_HORIZON)].mean())
    edges = [
        0.0,
        *(rounded(odds * rate / (1 - rate + odds * rate)) for odds in ODDS),
        1.0,
    ]
    comments = [
        "Below the mean probability of the training data",
        *(f"From {odds} times the odds of that mean" for odds in ODDS),
    ]
    comments[1] = "From that mean probability"
    return [
        Band(level, edges[n], edges[n + 1], SCORES[n], SCORES[n + 1], comments[n])
        for n, level in enumerate(LEVELS)
    ]


def distributions(panel: Panel) -> list[Bin]:
    """Tenths of the known values of each feature, or single values if there are few."""
    result: list[Bin] = []
    for column, feature in enumerate(panel.names):
        values = panel.features[:, column]
        known = values[~np.isnan(values)]
        if len(known) < len(values):
            share = (len(values) - len(known)) / len(values)
            result.append(Bin(feature, 0, None, None, share))
        if not len(known):
            continue
        edges = _inner_edges(known)
        counts = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
        bounds = [None, *edges.tolist(), None]
        for n, count in enumerate(counts.tolist()):
            result.append(Bin(feature, n + 1, bounds[n], bounds[n + 1], count / len(values)))
    return result


def _inner_edges(known: Floats) -> Floats:
    """Edges between bins, none of which is empty."""
    distinct = np.unique(known)
    wanted = distinct
    if len(distinct) > _BINS:
        wanted = np.quantile(known, np.arange(1, _BINS) / _BINS)
    edges = np.unique([rounded(edge) for edge in wanted.tolist()])
    between = edges[(edges > distinct[0]) & (edges <= distinct[-1])]
    filled = np.unique(np.searchsorted(between, known, side="right"))
    # Keeps an edge if there are values between it and the next.
    kept: Floats = between[[n for n in range(len(between)) if n + 1 in filled]]
    return kept
