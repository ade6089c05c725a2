"""The shapes that features may take: their knots, and what a bent shape costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tutormax.train.model import FLAT, MOST_KNOTS, Shape, rounded_all, rounded_odds
from tutormax.train.panel import Bools, Floats

OUTERMOST = 0.02
"""The share of the known values below the first and above the last knot."""

_BENDS = 0.2
"""The variance of a knot's distance from a straight line, by that of the line's rise."""


@dataclass(frozen=True)
class Basis:
    """The knots of every feature, and whether its being unknown tells rows apart.

    A design matrix has a column per knot: 1 at it, 0 at the next ones, straight between; and one
    that is 1 where the feature is unknown. The knot of a feature that does not vary has none.
    """

    knots: tuple[Floats, ...]
    has_unknown: tuple[bool, ...]

    def widths(self) -> list[int]:
        """The columns of each feature."""
        return [
            len(knots) * (len(knots) > 1) + unknown
            for knots, unknown in zip(self.knots, self.has_unknown, strict=True)
        ]

    def columns(self, features: Sequence[bool]) -> Bools:
        """Which columns of the design are of these features, one flag a feature."""
        return np.concatenate([[False], np.repeat(features, self.widths())])

    def design(self, features: Floats) -> Floats:
        """The columns of every feature, after one of ones: (rows, columns)."""
        design = np.zeros((len(features), 1 + sum(self.widths())))
        design[:, 0] = 1.0
        column, rows = 1, np.arange(len(features))
        for number, width in enumerate(self.widths()):
            knots, values = self.knots[number], features[:, number]
            if len(knots) > 1:
                is_known = ~np.isnan(values)
                clamped = np.clip(values[is_known], knots[0], knots[-1])
                left = np.searchsorted(knots[1:-1], clamped, side="right")
                share = (clamped - knots[left]) / (knots[left + 1] - knots[left])
                design[rows[is_known], column + left] = 1 - share
                design[rows[is_known], column + left + 1] = share
            if self.has_unknown[number]:
                design[:, column + width - 1] = np.isnan(values)
            column += width
        return design

    def penalty(self, features: Floats) -> Floats:
        """What coefficients cost, as a matrix: a straight line is cheap, a bent one is not."""
        size = 1 + sum(self.widths())
        penalty = np.zeros((size, size))
        column = 1
        for number, width in enumerate(self.widths()):
            knots, values = self.knots[number], features[:, number]
            if len(knots) > 1:
                clamped = np.clip(values[~np.isnan(values)], knots[0], knots[-1])
                line = (knots - clamped.mean()) / clamped.std()
                variance = np.outer(line, line) + _BENDS * np.eye(len(knots))
                end = column + len(knots)
                penalty[column:end, column:end] = np.linalg.inv(variance)
            if self.has_unknown[number]:
                penalty[column + width - 1, column + width - 1] = 1.0
            column += width
        return penalty

    def shapes(self, coefficients: Floats, features: Floats) -> tuple[float, tuple[Shape, ...]]:
        """The shapes that coefficients mean, each zero on average over `features`; their mean."""
        shapes, total, column = [], 0.0, 1
        for number, width in enumerate(self.widths()):
            knots = self.knots[number]
            own = coefficients[column : column + width]
            column += width
            if not width:
                shapes.append(FLAT)
                continue
            unknown = float(own[-1]) if self.has_unknown[number] else 0.0
            known = own[: len(knots)] if len(knots) > 1 else np.zeros(1)
            raw = Shape(knots, known, unknown)
            mean = float(raw(features[:, number]).mean())
            total += mean
            unknown_too = unknown - mean if self.has_unknown[number] else 0.0
            values = rounded_odds(np.array([*(raw.values - mean), unknown_too]))
            shapes.append(Shape(knots, values[:-1], float(values[-1])))
        return total, tuple(shapes)


def basis(features: Floats) -> Basis:
    """Knots at quantiles of the known values of each feature."""
    knots, has_unknown = [], []
    for column in range(features.shape[1]):
        values = features[:, column]
        known = values[~np.isnan(values)]
        is_told = 0 < len(known) < len(values)
        found = np.unique(rounded_all(np.array(_knots(known, MOST_KNOTS))))
        # A feature that does not vary has no shape, unless it is unknown at times.
        knots.append(found if len(found) > 1 or is_told else np.empty(0))
        has_unknown.append(is_told)
    return Basis(tuple(knots), tuple(has_unknown))


def _knots(known: Floats, count: int) -> list[float]:
    """`count` quantiles; a value that several of them are is one, the others are of the rest."""
    if not len(known) or not count:
        return []
    places = np.linspace(OUTERMOST, 1 - OUTERMOST, count) if count > 1 else [0.5]
    quantiles, times = np.unique(
        np.quantile(known, places, method="inverted_cdf"), return_counts=True
    )
    if (times == 1).all():
        return [float(value) for value in quantiles]
    heavy = quantiles[times.argmax()]
    return [float(heavy), *_knots(known[known != heavy], count - 1)]
