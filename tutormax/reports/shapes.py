"""What each feature does to the risk of churn, from the seeds of the model in the project."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tutormax.reports.columns import Columns, columns_of, significant
from tutormax.train.model import Hazard, Model, Shape, predict
from tutormax.train.monitoring import BAND_HORIZON
from tutormax.train.panel import HORIZONS, Floats
from tutormax.train.seeds import DISTRIBUTIONS, FOLDER, read_models, read_rows

_FEATURES = "churn_features.csv"
_POINTS = 25
"""Values drawn beside knots and ends of bins: between knots the risk is nearly straight."""


class FeatureShape(NamedTuple):
    """The risk by the value of one feature, as a multiple of that without it."""

    feature: str
    group: str
    text: str
    is_share: bool
    lowest: float
    highest: float
    unknown: float | None
    """The risk if the value is unknown; None if it never is."""
    unknown_share: float
    data: Columns


class Shapes(NamedTuple):
    """Those of all features, the widest first."""

    base: float
    """The risk of a tutor of whom every feature says nothing."""
    listed: list[FeatureShape]

    def by_group(self, start: int) -> dict[str, list[FeatureShape]]:
        """Those from a place on, by factor group."""
        found: dict[str, list[FeatureShape]] = {}
        for shape in self.listed[start:]:
            found.setdefault(shape.group, []).append(shape)
        return found


def shapes_of(project: Path, version: str | None) -> Shapes | None:
    """What the features of a version do; None if the folder has no seeds of it."""
    folder = project / FOLDER
    model = read_models(folder, [version]).get(version)
    if model is None:
        return None
    with (folder / _FEATURES).open(encoding="utf-8", newline="") as file:
        about = {row["feature"]: row for row in csv.DictReader(file)}
    bins = [row for row in read_rows(folder / DISTRIBUTIONS) if row[0] == model.version]
    base = float(_risks(model, None, np.zeros(1))[0])
    found = [
        _shape(
            model, number, base, about.get(name, {}), [row[2:] for row in bins if row[1] == name]
        )
        for number, name in enumerate(model.names)
    ]
    return Shapes(base, sorted(found, key=lambda one: (-one.highest / one.lowest, one.feature)))


def _risks(model: Model, number: int | None, values: Floats) -> Floats:
    """The probabilities of churn for values of one feature, all others adding nothing."""
    hazards = tuple(
        Hazard(one.start, one.end, one.intercept, () if number is None else (one.shapes[number],))
        for one in model.hazards
    )
    risks: Floats = predict(Model(model.version, (), hazards), values.reshape(-1, 1))
    return risks[:, HORIZONS.index(BAND_HORIZON)]


def _shape(
    model: Model, number: int, base: float, about: dict[str, str], bins: Sequence[Sequence[str]]
) -> FeatureShape:
    shapes = [hazard.shapes[number] for hazard in model.hazards]
    known = [(lower, upper, float(share)) for place, lower, upper, share in bins if place != "0"]
    values, starts = _values(shapes, [float(lower) for lower, _, _ in known if lower])
    risks = [significant(risk) for risk in (_risks(model, number, values) / base).tolist()]
    rows, within = [], -1
    for value, risk in zip(values.tolist(), risks, strict=True):
        is_start = value in starts
        within += is_start
        rows.append(
            {
                "value": value,
                "risk": risk,
                "share": significant(known[within][2]) if known else None,
                # The bar of a bin is drawn from its first value.
                "end": ([*starts, float(values[-1])][within + 1]) if is_start and known else None,
            }
        )
    unknown = [float(share) for place, _, _, share in bins if place == "0"]
    text = about.get("comment", "")
    return FeatureShape(
        feature=model.names[number],
        group=about.get("factor_group", ""),
        text=text.replace("Null ", "Unknown "),
        is_share=text.startswith("Share "),
        lowest=min(risk for risk in risks if risk is not None),
        highest=max(risk for risk in risks if risk is not None),
        unknown=float(_risks(model, number, np.array([np.nan]))[0]) / base if unknown else None,
        unknown_share=sum(unknown),
        data=columns_of(rows),
    )


def _values(shapes: Sequence[Shape], bounds: Sequence[float]) -> tuple[Floats, list[float]]:
    """The values to draw, and those at which bins start.

    The outermost bins end at the outermost knots, or a little beyond their bound if there is no
    knot: outside the knots nothing changes.
    """
    knots = np.unique(np.concatenate([shape.knots for shape in shapes]))
    inner = np.unique(np.concatenate([knots, bounds]))
    low, high = float(inner[0]), float(inner[-1])
    pad = 0.05 * (high - low or 1.0)
    low -= pad * (low in bounds or low == high)
    high += pad * (high in bounds)
    values = np.unique(np.concatenate([inner, np.linspace(low, high, _POINTS)]))
    return values, [low, *sorted(bounds)]
