"""The shapes of features on the pages are what the model predicts."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from support.project import REPOSITORY
from support.reports_site import Page, chart_data, made_site, made_tables
from tutormax.operations.project import project_vars
from tutormax.reports.shapes import Shapes, shapes_of
from tutormax.train.model import FLAT, Hazard, Model, Shape, predict
from tutormax.train.monitoring import Bin
from tutormax.train.panel import HORIZONS, INTERVALS
from tutormax.train.seeds import FOLDER, seed_texts

NAMES = ("late_share_30day", "tenure_days", "login_trend")
NEUTRAL = (0.1, 200.0, 1.0)
"""Values at which these features add nothing."""


def model() -> Model:
    """Bent shapes that differ between intervals, one of them flat at times."""
    hazards = []
    for number, (start, end) in enumerate(INTERVALS):
        late = Shape(np.array([0.1, 0.3, 0.5]), np.array([0.0, 2.0 - number, 3.0]), 0.4 - number)
        tenure = Shape(np.array([30.0, 200.0, 365.0]), np.array([0.2 + number, 0.0, -0.3]), 0.0)
        trend = Shape(np.array([1.0]), np.array([0.0]), 0.1) if number else FLAT
        hazards.append(Hazard(start, end, number - 4.0, (late, tenure, trend)))
    return Model("9", NAMES, tuple(hazards))


BINS = [
    Bin("late_share_30day", 0, None, None, 0.1),
    Bin("late_share_30day", 1, None, 0.2, 0.6),
    Bin("late_share_30day", 2, 0.2, None, 0.3),
    Bin("tenure_days", 1, None, 365.0, 0.4),
    Bin("tenure_days", 2, 365.0, None, 0.6),
    Bin("login_trend", 0, None, None, 0.5),
    Bin("login_trend", 1, None, None, 0.5),
]


@pytest.fixture
def drawn(tmp_path: Path) -> Shapes:
    (tmp_path / FOLDER).mkdir(parents=True)
    for path, text in seed_texts(tmp_path, model(), [], BINS).items():
        path.write_text(text, encoding="utf-8")
    (tmp_path / FOLDER / "churn_features.csv").write_text(
        "feature,factor_group,comment\n"
        "late_share_30day,performance_trend,Share late. Null without sessions.\n"
        "tenure_days,tenure_risk,Days since onboarding.\n"
    )
    assert shapes_of(tmp_path, "8") is None and shapes_of(tmp_path, None) is None
    found = shapes_of(tmp_path, "9")
    assert found is not None
    return found


def predicted(name: str, value: float) -> float:
    """The model's own 30-day probability for a row that differs in one feature."""
    row = dict(zip(NAMES, NEUTRAL, strict=True)) | ({name: value} if name else {})
    return float(predict(model(), np.array([list(row.values())]))[0, HORIZONS.index(30)])


def test_points_are_the_predictions_of_rows_that_differ_in_one_feature(drawn: Shapes) -> None:
    assert drawn.base == pytest.approx(predicted("", 0))
    assert {one.feature for one in drawn.listed} == set(NAMES)
    for one in drawn.listed:
        for value, risk in zip(one.data["value"], one.data["risk"], strict=True):
            assert risk * drawn.base == pytest.approx(predicted(one.feature, value), rel=1e-4)
        assert (one.lowest, one.highest) == (min(one.data["risk"]), max(one.data["risk"]))
        if one.unknown is not None:
            assert one.unknown * drawn.base == pytest.approx(predicted(one.feature, np.nan))


def test_features_have_their_text_and_the_widest_is_first(drawn: Shapes) -> None:
    assert [(one.feature, one.group, one.text, one.is_share) for one in drawn.listed] == [
        ("late_share_30day", "performance_trend", "Share late. Unknown without sessions.", True),
        ("tenure_days", "tenure_risk", "Days since onboarding.", False),
        ("login_trend", "", "", False),
    ]
    assert [one.unknown is None for one in drawn.listed] == [False, True, False]
    assert [one.unknown_share for one in drawn.listed] == [0.1, 0, 0.5]
    assert list(drawn.by_group(1)) == ["tenure_risk", ""]


def test_bars_are_the_bins_of_the_training_data(drawn: Shapes) -> None:
    bars = {
        one.feature: [
            (value, end, share)
            for value, end, share in zip(
                *(one.data[key] for key in ("value", "end", "share")), strict=True
            )
            if end is not None
        ]
        for one in drawn.listed
    }
    # A bin without a knot beyond its bound gets some room.
    assert bars == {
        "late_share_30day": [(0.1, 0.2, 0.6), (0.2, 0.5, 0.3)],
        "tenure_days": [(30, 365, 0.4), (365, 365 + 0.05 * 335, 0.6)],
        "login_trend": [(0.95, 1, 0.5)],
    }


def page(version: str) -> str:
    """The page of a model by which the latest predictions are."""
    tables = made_tables(tutors=1)
    drift = {"feature": "x", "predictions": 1, "population_stability_index": 0.0}
    month = {"model_version": version, "prediction_month": date(2025, 4, 1)}
    tables.open["drift"].append(month | drift)
    return made_site(tables)["model.html"]


def test_each_feature_is_drawn_once_or_a_sentence_says_why_none_is() -> None:
    text = page(project_vars()["churn_model_version"])
    with (REPOSITORY / FOLDER / "churn_features.csv").open(encoding="utf-8") as file:
        features = [f"shape_{row['feature']}" for row in csv.DictReader(file)]
    charts = [element for element in Page(text).all("div") if "data-chart" in element.attributes]
    assert sorted(one.attributes["data-source"] for one in charts) == sorted(features)
    assert set(features) <= chart_data(text).keys()
    assert sum("details" in one.parents for one in charts) == len(features) - 6
    unknown = page("0.1")
    assert "has no seeds of model 0.1" in unknown and "shape_" not in unknown
