"""Training, without reading and writing: from a panel to a model and its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tutormax.errors import UserError
from tutormax.train.baselines import boosted_trees, constant_rate, recency
from tutormax.train.fitting import Fit, fit, interval_rows
from tutormax.train.judging import Figures, judge
from tutormax.train.model import Model, predict
from tutormax.train.monitoring import (
    BAND_HORIZON,
    LEVELS,
    Band,
    Bin,
    Capacity,
    bands,
    bands_within,
    distributions,
)
from tutormax.train.panel import (
    HORIZONS,
    INTERVALS,
    Bools,
    Floats,
    Ints,
    Panel,
    in_days,
)
from tutormax.train.splitting import Split, split

OURS = "this model"
RECENCY_ALONE = "recency alone"
TREES = "boosted trees"
RATE = "constant rate"

LEAST_CHURNED = 10
"""Tutors who must have churned in an interval."""

MOST_CHURN = 0.5
"""The share of training rows that may be followed by churn within 30 days."""

LEAD_DAYS = 7

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

    `figures` has, per horizon that can be evaluated, the figures of model and baselines;
    `active_figures` those of the test rows whose tutor had a session in the days before;
    `predictions` what they say of the test rows whose outcome is known.
    `lead_time` counts the test rows 7 days before the last session of a tutor who churned, and of
    them those at High or Critical. `objections` say why training would have been refused without
    force.
    """

    panel: Panel
    split: Split
    model: Model
    fits: tuple[Fit, ...]
    bands: list[Band]
    bins: list[Bin]
    figures: dict[int, dict[str, Figures]]
    active_figures: dict[int, dict[str, Figures]]
    predictions: dict[int, dict[str, Floats]]
    levels: list[LevelCount]
    lead_time: LevelCount
    objections: list[str]
    capacity: Capacity | None


def train(
    panel: Panel,
    version: str,
    say: Say = lambda _: None,
    *,
    force: bool = False,
    capacity: int | None = None,
) -> Trained:
    """Fit a model to the training part of `panel` and evaluate it on the test part.

    Raises:
        UserError: the data do not allow it, or there are objections and `force` is not given.
    """
    parts = split(panel)
    found = objections(parts, panel.inactivity_days)
    if found and not force:
        raise UserError(f"Training is refused: {'; '.join(found)}. With --force it trains anyway.")
    model, fits = fit(parts.train, version, parts.horizon, say)
    edges, fitted_to = bands(model, parts.train), None
    if capacity is not None:
        edges, fitted_to = bands_within(model, panel, capacity)
    predictions = _predictions(parts, model, say)
    return Trained(
        panel=panel,
        split=parts,
        model=model,
        fits=fits,
        bands=edges,
        bins=distributions(parts.train),
        figures=_figures(parts.test, predictions, parts.test.judged(0)),
        active_figures=_figures(parts.test, predictions, parts.test.is_active()),
        predictions=predictions,
        levels=_levels(parts.test, model, edges),
        lead_time=_lead_time(parts.test, model, edges),
        objections=found,
        capacity=fitted_to,
    )


def objections(parts: Split, inactivity_days: int) -> list[str]:
    """Why the training part does not carry a model, with what to change; none if nobody churned."""
    rows = parts.train
    if not rows.churned(parts.horizon)[rows.judged(1)].any():
        return []
    found = []
    for start, end in INTERVALS:
        if end <= parts.horizon:
            own = interval_rows(rows, start, end)
            tutors = len(np.unique(own.tutor[own.churned(end)].astype(str)))
            if tutors < LEAST_CHURNED:
                found.append(
                    f"days {start} to {end} rest on {tutors} tutor{'s' * (tutors != 1)} who "
                    f"churned in them, and {LEAST_CHURNED} are needed (load a longer history)"
                )
    months = rows.take(rows.judged(BAND_HORIZON))
    share = float(months.churned(BAND_HORIZON).mean()) if len(months) else 0.0
    if share > MOST_CHURN:
        found.append(
            f"{share:.0%} of the training rows are followed by churn within {BAND_HORIZON} days, "
            f"and at most {MOST_CHURN:.0%} may be ({in_days(inactivity_days)} of silence "
            "are too few for this market: build with a longer churn_inactivity_days)"
        )
    return found


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
            TREES: boosted_trees(parts.train, horizon)(test.features),
            RECENCY_ALONE: by_recency(horizon)(test.features),
            RATE: constant_rate(parts.train, horizon)(test.features),
        }
    return predictions


def _figures(
    test: Panel, predictions: dict[int, dict[str, Floats]], population: Bools
) -> dict[int, dict[str, Figures]]:
    """Evaluate model and baselines on the same test rows, those of a population."""
    figures: dict[int, dict[str, Figures]] = {}
    for horizon, by_name in predictions.items():
        rows = population[test.judged(horizon)]
        churned = test.churned(horizon)[test.judged(horizon)]
        figures[horizon] = {
            name: judged
            for name, predicted in by_name.items()
            if (judged := judge(predicted[rows], churned[rows])) is not None
        }
    return figures


def _levels(test: Panel, model: Model, edges: list[Band]) -> list[LevelCount]:
    test = test.take(test.judged(BAND_HORIZON))
    if not len(test):
        return []
    level = _level(test, model, edges)
    churned = test.churned(BAND_HORIZON)
    return [
        LevelCount(name, int((level == n).sum()), int(churned[level == n].sum()))
        for n, name in enumerate(LEVELS)
    ]


def _lead_time(test: Panel, model: Model, edges: list[Band]) -> LevelCount:
    last = test.take(test.judged(BAND_HORIZON) & (test.churn_in == LEAD_DAYS + 1))
    flagged = _level(last, model, edges) >= LEVELS.index("High")
    return LevelCount("High or Critical", len(last), int(flagged.sum()))


def _level(rows: Panel, model: Model, edges: list[Band]) -> Ints:
    predicted = predict(model, rows.features)[:, HORIZONS.index(BAND_HORIZON)]
    inner = [band.probability_from for band in edges[1:]]
    return np.searchsorted(inner, predicted, side="right")
