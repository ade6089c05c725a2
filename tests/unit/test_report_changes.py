"""The sentence on a tutor's page that says what would have to be different."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tutormax.reports.changes import best_change
from tutormax.train.model import FLAT, Hazard, Model, Shape, predict
from tutormax.train.panel import HORIZONS, INTERVALS
from tutormax.train.seeds import FOLDER, read_models, seed_texts

NAMES = ("days_since_last_session", "sessions_per_week_30day", "avg_rating_30day", "tenure_days")
SILENCE = Shape(np.array([1.0, 14.0]), np.array([-0.3, 1.0]), 0.2)
SESSIONS = Shape(np.array([1.0, 4.0, 5.0, 20.0]), np.array([1.0, -1.9, -2.0, -2.05]), 0.0)
RATING = Shape(np.array([3.0, 5.0]), np.array([0.02, -0.02]), 0.5)
TENURE = Shape(np.array([0.0, 100.0]), np.array([3.0, -3.0]), 0.0)


def model() -> Model:
    hazards = tuple(
        Hazard(
            *(start, end, -3.0 + number / 2),
            # A feature may say nothing in some interval.
            shapes=(SILENCE, FLAT if number == 1 else SESSIONS, RATING, TENURE),
        )
        for number, (start, end) in enumerate(INTERVALS)
    )
    return Model("9", NAMES, hazards)


def risks(row: list[float]) -> dict[int, float]:
    return dict(zip(HORIZONS, predict(model(), np.array([row]))[0].tolist(), strict=True))


def test_the_risk_is_that_of_a_tutor_who_differs_in_the_one_feature() -> None:
    row = [2.0, 1.5, 4.0, 60.0]
    before = risks(row)
    found = best_change(model(), before, dict(zip(NAMES[:3], row, strict=False)))
    assert found is not None
    # The nearest knot that brings most of the cut, not the 20 sessions that bring all of it.
    assert (found.feature, found.was, found.now) == ("sessions_per_week_30day", 1.5, 4.0)
    assert found.risk == pytest.approx(risks([2.0, 4.0, 4.0, 60.0])[30], abs=1e-12)
    assert found.sentence() == (
        "With 4.0 sessions a week instead of 1.5, and all else alike, the risk within 30 days "
        f"would be {100 * found.risk:.1f}\N{NO-BREAK SPACE}% instead of "
        f"{100 * before[30]:.1f}\N{NO-BREAK SPACE}%."
    )


def test_silence_counts_in_open_days() -> None:
    row = [14.0, 20.0, 4.0, 60.0]
    found = best_change(model(), risks(row), dict(zip(NAMES[:3], row, strict=False)))
    assert found is not None
    assert found.sentence().startswith("With a silence of 1 instead of 14 open days, ")


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ([1.0, 5.0, 3.0, 60.0], {"avg_rating_30day": 3.0}),  # lowers it, but hardly
        ([1.0, 5.0, 3.0, 60.0], {"sessions_per_week_30day": 5.0}),  # as good as can be
        ([1.0, np.nan, 3.0, 60.0], {"sessions_per_week_30day": None, "other": 1.0}),
    ],
)
def test_nothing_is_said_if_nothing_lowers_the_risk_much(
    row: list[float], values: dict[str, float | None]
) -> None:
    assert best_change(model(), risks(row), values) is None


@pytest.mark.parametrize("risk", [0.0, 1.0])
def test_certain_risks_are_no_error(risk: float) -> None:
    found = best_change(model(), dict.fromkeys(HORIZONS, risk), {NAMES[1]: 1.0})
    assert found is None or 0 <= found.risk <= risk


def test_models_are_those_of_which_there_are_seeds(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    for path, text in seed_texts(tmp_path, model(), [], []).items():
        path.write_text(text, encoding="utf-8")
    assert read_models(tmp_path / FOLDER, ["9", "0.1", None]).keys() == {"9"}
