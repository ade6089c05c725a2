"""Risk bands, and the distribution of the training data for drift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tutormax.errors import UserError
from tutormax.train.model import Model, predict, rounded
from tutormax.train.panel import HORIZONS, Floats, Panel

BAND_HORIZON = 30
LEVELS = ("Low", "Medium", "High", "Critical")
SCORES = (0, 25, 50, 75, 100)
ODDS = (1, 3, 10)
"""Where Medium, High and Critical begin: at so many times the odds of the average tutor."""

CAPACITY_WEEKS = 4
"""The last weeks of the data, from which bands learn how many tutors a week reach a probability."""

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


@dataclass(frozen=True)
class Capacity:
    """What bands were fitted to: `weekly` tutors a week at High or Critical, at most `asked`."""

    asked: int
    weekly: float
    weeks: int


def bands(model: Model, panel: Panel) -> list[Band]:
    """The four bands; edges rise strictly between 0 and 1."""
    rate = float(_probabilities(model, panel).mean())
    return _bands(
        rate,
        ODDS,
        "Below the mean probability of the training data",
        "From that mean probability",
        *(f"From {odds} times the odds of that mean" for odds in ODDS[1:]),
    )


def bands_within(model: Model, panel: Panel, capacity: int) -> tuple[list[Band], Capacity]:
    """Bands whose High and Critical have at most `capacity` tutors a week, on the last days.

    A tutor counts in each week with a day at High or Critical. Medium and Critical are as far from
    High as in `bands`.

    Raises:
        UserError: no more tutors than that are active in a week, or more are certain to churn.
    """
    last = int(panel.day.max())
    weeks = max(1, min(CAPACITY_WEEKS, (last - int(panel.day.min()) + 1) // 7))
    recent = panel.take(panel.day > last - 7 * weeks)
    _, tutors = np.unique(recent.tutor.astype(str), return_inverse=True)
    _, places = np.unique(tutors * weeks + (last - recent.day) // 7, return_inverse=True)
    highest = np.zeros(places.max() + 1)
    np.maximum.at(highest, places, _probabilities(model, recent))
    highest = np.sort(highest)[::-1]
    most = capacity * weeks
    if most >= len(highest):
        raise UserError(
            f"--capacity {capacity} is no limit: only {len(highest) / weeks:.0f} tutors a week "
            "were active at the end of the data; leave it out."
        )
    # Between the first that is too many and the next greater one.
    next_greater = min((value for value in highest if value > highest[most]), default=1.0)
    edge = _edge(float(highest[most]), float(highest[most] + next_greater) / 2)
    own = _bands(
        edge,
        tuple(odds / ODDS[1] for odds in ODDS),
        "Below a third of the odds of High",
        "From a third of the odds of High",
        f"With Critical at most {capacity} tutors a week",
        f"From {ODDS[2] / ODDS[1]:.1f} times the odds of High",
    )
    if any(band.probability_from >= band.probability_to for band in own):
        raise UserError(
            f"--capacity {capacity} cannot be kept: {float((highest > 0.999).sum() / weeks):.1f} "
            "tutors a week are certain to churn, most of whom have left; give more."
        )
    return own, Capacity(capacity, float((highest >= edge).sum() / weeks), weeks)


def _probabilities(model: Model, panel: Panel) -> Floats:
    return predict(model, panel.features)[:, HORIZONS.index(BAND_HORIZON)]


def _bands(probability: float, odds: tuple[float, ...], *comments: str) -> list[Band]:
    """Bands that begin at multiples of the odds of a probability."""
    edges = [
        0.0,
        *(rounded(n * probability / (1 - probability + n * probability)) for n in odds),
        1.0,
    ]
    return [
        Band(level, edges[n], edges[n + 1], SCORES[n], SCORES[n + 1], comments[n])
        for n, level in enumerate(LEVELS)
    ]


def distributions(panel: Panel) -> list[Bin]:
    """Tenths of the known values of each feature; a value that fills a tenth has its own bin.

    A feature has at least two bins, some of them empty if it does not vary, so that it can drift.
    """
    result: list[Bin] = []
    for column, feature in enumerate(panel.names):
        values = panel.features[:, column]
        known = values[~np.isnan(values)]
        if len(known) < len(values):
            share = (len(values) - len(known)) / len(values)
            result.append(Bin(feature, 0, None, None, share))
        edges = _inner_edges(known)
        counts = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
        bounds = [None, *edges.tolist(), None]
        for n, count in enumerate(counts.tolist()):
            result.append(Bin(feature, n + 1, bounds[n], bounds[n + 1], count / len(values)))
    return result


def _inner_edges(known: Floats) -> Floats:
    """Edges between bins, none of which is empty unless the values do not vary."""
    distinct = np.unique(known)
    if len(distinct) == 1:
        return np.array([distinct[0], np.nextafter(distinct[0], np.inf)])
    places = np.arange(1, len(distinct))
    if len(distinct) > _BINS:
        tenths = np.quantile(known, np.arange(1, _BINS) / _BINS, method="inverted_cdf")
        places, times = np.unique(np.searchsorted(distinct, tenths), return_counts=True)
        # A value that is several quantiles, or the least one, ends its own bin.
        places = np.unique([*places, *(places[(times > 1) | (places == 0)] + 1)])
        places = places[(places > 0) & (places < len(distinct))]
    return np.array([_edge(distinct[place - 1], distinct[place]) for place in places])


def _edge(lower: float, upper: float) -> float:
    """An edge above `lower`, at most `upper`, with few digits if there is one."""
    short = rounded(float(upper))
    return short if lower < short <= upper else float(upper)
