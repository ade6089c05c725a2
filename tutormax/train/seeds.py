"""The seeds on disk: training replaces only the rows of its own version."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tutormax.errors import UserError
from tutormax.train.model import FLAT, Hazard, Model, Shape
from tutormax.train.monitoring import Band, Bin
from tutormax.train.panel import INTERVALS

FOLDER = Path("seeds") / "churn"
COEFFICIENTS = "churn_model_coefficients.csv"
BANDS = "churn_risk_bands.csv"
DISTRIBUTIONS = "churn_feature_distributions.csv"

COLUMNS = {
    COEFFICIENTS: (
        "model_version",
        "interval_start",
        "interval_end",
        "feature",
        "knot",
        "coefficient",
    ),
    BANDS: (
        "model_version",
        "risk_level",
        "probability_from",
        "probability_to",
        "score_from",
        "score_to",
        "comment",
    ),
    DISTRIBUTIONS: ("model_version", "feature", "bin", "lower", "upper", "share"),
}

INTERCEPT = "intercept"

Rows = list[list[str]]


def seed_texts(
    out: Path, model: Model, bands: Sequence[Band], bins: Sequence[Bin]
) -> dict[Path, str]:
    """Texts of the seeds under `out`: the model's rows, and those of other versions.

    Raises:
        UserError: an existing seed cannot be read or has other columns.
    """
    version = model.version
    rows = {
        COEFFICIENTS: _coefficient_rows(model),
        BANDS: [
            [
                version,
                band.level,
                repr(band.probability_from),
                repr(band.probability_to),
                str(band.score_from),
                str(band.score_to),
                band.comment,
            ]
            for band in bands
        ],
        DISTRIBUTIONS: [
            [
                version,
                item.feature,
                str(item.number),
                "" if item.lower is None else repr(item.lower),
                "" if item.upper is None else repr(item.upper),
                repr(item.share),
            ]
            for item in bins
        ],
    }
    texts: dict[Path, str] = {}
    for name, own in rows.items():
        path = out / FOLDER / name
        others = [row for row in read_rows(path) if row[0] != version]
        # Sorting keeps the order within each version.
        texts[path] = _csv([list(COLUMNS[name]), *sorted([*others, *own], key=lambda row: row[0])])
    return texts


def read_model(folder: Path, version: str) -> Model:
    """The model `version` in the seed of coefficients in `folder`.

    Raises:
        UserError: there is no such version.
    """
    path = folder / COEFFICIENTS
    rows = [row for row in read_rows(path) if row[0] == version]
    if not rows:
        raise UserError(f"{path} holds no model of version {version}; train it first.")
    names = tuple(dict.fromkeys(row[3] for row in rows if row[3] != INTERCEPT))
    return Model(version, names, tuple(_hazard(rows, names, *interval) for interval in INTERVALS))


def read_models(folder: Path, versions: Iterable[str | None]) -> dict[str | None, Model]:
    """The models of these versions of which the seed in `folder` has coefficients."""
    known = {row[0] for row in read_rows(folder / COEFFICIENTS)}
    return {version: read_model(folder, version) for version in known.intersection(versions)}


def read_rows(path: Path) -> Rows:
    """The rows of a seed without its header; none without a file.

    Raises:
        UserError: it cannot be read or has other columns.
    """
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read: {error}; put it right or remove it.") from error
    wanted = list(COLUMNS[path.name])
    if rows and rows[0] != wanted:
        raise UserError(
            f"{path} has the columns {', '.join(rows[0])} and should have {', '.join(wanted)}; "
            "put it right or remove it."
        )
    if any(len(row) != len(wanted) for row in rows):
        raise UserError(f"{path} has a row without {len(wanted)} values; put it right.")
    return rows[1:]


def _coefficient_rows(model: Model) -> Rows:
    rows: Rows = []
    for hazard in model.hazards:
        interval = [model.version, str(hazard.start), str(hazard.end)]
        rows.append([*interval, INTERCEPT, "", repr(hazard.intercept)])
        for name, shape in zip(model.names, hazard.shapes, strict=True):
            for knot, value in zip(shape.knots.tolist(), shape.values.tolist(), strict=True):
                rows.append([*interval, name, repr(knot), repr(value)])
            if len(shape.knots):
                rows.append([*interval, name, "", repr(shape.unknown)])
    return rows


def _hazard(rows: Rows, names: Sequence[str], start: int, end: int) -> Hazard:
    own = [row[3:] for row in rows if row[1:3] == [str(start), str(end)]]
    points: dict[str, dict[str, float]] = {}
    for name, knot, value in own:
        points.setdefault(name, {})[knot] = float(value)
    intercept = points.pop(INTERCEPT)[""]
    return Hazard(start, end, intercept, tuple(_shape(points.get(name, {})) for name in names))


def _shape(points: dict[str, float]) -> Shape:
    knots = sorted((float(knot), value) for knot, value in points.items() if knot)
    if not points:
        return FLAT
    return Shape(
        np.array([knot for knot, _ in knots]),
        np.array([value for _, value in knots]),
        points.get("", 0.0),
    )


def _csv(rows: Rows) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
