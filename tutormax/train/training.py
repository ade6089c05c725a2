"""Training, without reading and writing: from a panel to a model and its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tutormax.train.baselines import boosted_trees, constant_rate, recency
from tutormax.train.fitting import Fit, fit
from tutormax.train.judging import Figures, judge
from tutormax.train.model import Model, predict
from tutormax.train.monitoring import BAND_HORIZON, LEVELS, Band, Bin, bands, distributions
from tutormax.train.panel import HORIZONS, Floats, Panel
from tutormax.train.splitting import Split, split

OURS = "this model"
RECENCY_ALONE = "recency alone"
TREES = "boosted trees"
RATE = "constant rate"

Say = Callable[[str], None]


@dataclass(frozen=True)
class LevelCount:
    """The test rows of a risk level, and how many of them churned within 30 days."""

    level: str
    rows: int
    churned: int


@dataclass(frozen=True)
class Trained:
    """A model with everything that the card says about it.

    `figures` has, per horizon that can be evaluated, the figures of model and baselines,
    `predictions` what they say of the test rows whose outcome is known.
    """

    panel: Panel
    split: Split
    model: Model
    fits: tuple[Fit, ...]
    bands: list[Band]
    bins: list[Bin]
    figures: dict[int, dict[str, Figures]]
    predictions: dict[int, dict[str, Floats]]
    levels: list[LevelCount]


def train(panel: Panel, version: str, say: Say = lambda _: None) -> Trained:
    """Fit a model to the training part of `panel` and evaluate it on the test part.

    Raises:
        UserError: the data do not allow it.
    """
    parts = split(panel)
    model, fits = fit(parts.train, version, parts.horizon, say)
    edges = bands(model, parts.train)
    predictions = _predictions(parts, model, say)
    return Trained(
        panel=panel,
        split=parts,
        model=model,
        fits=fits,
        bands=edges,
        bins=distributions(parts.train),
        figures=_figures(parts.test, predictions),
        predictions=predictions,
        levels=_levels(parts.test, model, edges),
    )


def _predictions(parts: Split, model: Model, say: Say) -> dict[int, dict[str, Floats]]:
    """What model and baselines say of the test rows, by horizon."""
    predictions: dict[int, dict[str, Floats]] = {}
    by_recency = recency(parts.train, parts.horizon)
    for number, horizon in enumerate(HORIZONS):
        test = parts.test.take(parts.test.judged(horizon))
        if horizon > parts.horizon or not len(test):
            continue
        say(f"Judging {horizon} days on {len(test):,} rows")
        predictions[horizon] = {
            OURS: predict(model, test.features)[:, number],
            RECENCY_ALONE: by_recency(horizon)(test.features),
            TREES: boosted_trees(parts.train, horizon)(test.features),
            RATE: constant_rate(parts.train, horizon)(test.features),
        }
    return predictions


def _figures(
    test: Panel, predictions: dict[int, dict[str, Floats]]
) -> dict[int, dict[str, Figures]]:
    """Evaluate model and baselines on the same test rows."""
    return {
        horizon: {
            name: figures
            for name, predicted in by_name.items()
            if (figures := judge(predicted, test.churned(horizon)[test.judged(horizon)]))
            is not None
        }
        for horizon, by_name in predictions.items()
    }


def _levels(test: Panel, model: Model, edges: list[Band]) -> list[LevelCount]:
    test = test.take(test.judged(BAND_HORIZON))
    if not len(test):
        return []
    predicted = predict(model, test.features)[:, HORIZONS.index(BAND_HORIZON)]
    inner = [band.probability_from for band in edges[1:]]
    level = np.searchsorted(inner, predicted, side="right")
    rows = np.bincount(level, minlength=len(LEVELS)).tolist()
    churned = np.bincount(level, weights=test.churned(BAND_HORIZON), minlength=len(LEVELS)).astype(
        int
    )
    return [
        LevelCount(name, count, hit)
        for name, count, hit in zip(LEVELS, rows, churned.tolist(), strict=True)
    ]
