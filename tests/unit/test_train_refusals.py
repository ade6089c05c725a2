"""What training refuses, what --force says of it, bands of a capacity, and an activated version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from support.churn_panels import panel
from support.project import REPOSITORY
from tutormax.errors import UserError
from tutormax.train.activation import activated
from tutormax.train.card import card_text
from tutormax.train.fitting import fit, interval_rows
from tutormax.train.model import Model, predict
from tutormax.train.monitoring import bands, bands_within
from tutormax.train.panel import Panel
from tutormax.train.splitting import split
from tutormax.train.training import objections, train


@pytest.fixture(scope="module")
def few() -> Panel:
    """So few tutors that some interval rests on fewer than ten who churned."""
    return panel(tutors=30, days=120, hazard=0.004)


def only(rows: Panel, churners: int) -> Panel:
    """The panel in which no more than so many tutors of each interval churned."""
    own = interval_rows(rows, 0, 1)
    kept = np.unique(own.tutor[own.churned(1)].astype(str))[:churners]
    return replace(
        rows, churn_in=np.where(np.isin(rows.tutor.astype(str), kept), rows.churn_in, np.nan)
    )


def test_an_interval_needs_ten_tutors_who_churned() -> None:
    parts = split(panel(tutors=120, days=120, hazard=0.004))
    ten, nine = (
        objections(replace(parts, train=only(parts.train, churners)), 14) for churners in (10, 9)
    )
    assert not any(said.startswith("days 0 to 1 ") for said in ten)
    assert nine[0] == (
        "days 0 to 1 rest on 9 tutors who churned in them, and 10 are needed (load a longer "
        "history)"
    )


def test_at_most_half_of_the_rows_may_be_followed_by_churn() -> None:
    parts = split(panel(tutors=120, days=120, hazard=0.004))
    rows = parts.train.judged(30)
    half = np.full(len(parts.train), np.nan)
    half[np.flatnonzero(rows)[::2]] = 3.0
    even = replace(parts, train=replace(parts.train, churn_in=half).take(rows))
    if len(even.train) % 2:
        even = replace(even, train=even.train.take(np.arange(len(even.train)) > 0))
    assert not [said for said in objections(even, 21) if "followed by churn" in said]
    half[np.flatnonzero(rows)[1]] = 3.0
    more = replace(parts, train=replace(parts.train, churn_in=half).take(rows))
    (said,) = [said for said in objections(more, 21) if "followed by churn" in said]
    assert said == (
        "50% of the training rows are followed by churn within 30 days, and at most 50% may be "
        "(21 days of silence are too few for this market: build with a longer "
        "churn_inactivity_days)"
    )


def test_force_trains_all_the_same_and_the_card_says_so_first(few: Panel) -> None:
    with pytest.raises(UserError, match=r"^Training is refused: days 0 to 1 rest on .*; days 1"):
        train(few, "x")
    trained = train(few, "x", force=True)
    card = card_text(trained, "Made up.")
    assert card.splitlines()[2].startswith(
        "**Trained with --force; training would have been refused:** days 0 to 1 rest on "
    )
    assert "Trained with --force" not in card_text(replace(trained, objections=[]), "")
    lead, all_rows = card.index("who can still be kept:"), card.index("silent already:")
    assert lead < all_rows
    assert any(
        trained.active_figures[horizon]["this model"].rows < figures["this model"].rows
        for horizon, figures in trained.figures.items()
    )
    assert "Lead time: of " in card


@pytest.fixture(scope="module")
def market() -> tuple[Panel, Model]:
    learned = panel(tutors=300, days=100, hazard=0.006)
    return learned, fit(learned, "x", 30)[0]


def weekly(learned: Panel, model: Model, edge: float) -> float:
    """Tutors a week, over the last four, with a day at the edge or above."""
    risk = predict(model, learned.features)[:, 2]
    last = learned.day.max()
    recent = (learned.day > last - 28) & (risk >= edge)
    weeks = (last - learned.day[recent]) // 7
    return len(set(zip(learned.tutor[recent], weeks.tolist(), strict=True))) / 4


@pytest.mark.parametrize("capacity", [20, 60])
def test_bands_within_a_capacity(capacity: int, market: tuple[Panel, Model]) -> None:
    learned, model = market
    found, fitted = bands_within(model, learned, capacity)
    edges = [band.probability_from for band in found]
    assert edges == sorted({*edges, 0.0})
    assert weekly(learned, model, edges[2]) == fitted.weekly
    assert capacity - 0.25 <= fitted.weekly <= capacity
    odds = [edge / (1 - edge) for edge in edges[1:]]
    assert odds[1] / odds[0] == pytest.approx(3, rel=1e-4)
    assert odds[2] / odds[1] == pytest.approx(10 / 3, rel=1e-4)
    assert edges != [band.probability_from for band in bands(model, learned)]


def test_a_capacity_that_means_nothing_is_refused(market: tuple[Panel, Model]) -> None:
    learned, model = market
    with pytest.raises(UserError, match=r"^--capacity 1 cannot be kept: \d+\.\d tutors a week are"):
        bands_within(model, learned, 1)
    with pytest.raises(UserError, match=r"^--capacity 300 is no limit: only \d+ tutors a week"):
        bands_within(model, learned, 300)


def test_an_activated_version_stands_in_the_project_file(tmp_path: Path) -> None:
    before = (REPOSITORY / "dbt_project.yml").read_text()
    (tmp_path / "dbt_project.yml").write_text(before)
    after = activated(tmp_path, "2.0.0-rc.1")
    assert after == before.replace(
        '  churn_model_version: "1.1.0"\n', '  churn_model_version: "2.0.0-rc.1"\n'
    )
    assert after != before
    (tmp_path / "dbt_project.yml").write_text("vars: {}\n")
    with pytest.raises(UserError, match="sets churn_model_version 0 times and should once"):
        activated(tmp_path, "2")
    with pytest.raises(UserError, match="cannot be read, so nothing was activated"):
        activated(tmp_path / "none", "2")
