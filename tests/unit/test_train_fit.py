"""What is fitted: it finds what is there, is calibrated, bounded, and the same each time."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from support.churn_panels import NAMES, panel
from tutormax.errors import UserError
from tutormax.train.fitting import _calibration, _regression, fit
from tutormax.train.judging import calibration_error, judge
from tutormax.train.model import (
    DIGITS,
    MOST_KNOTS,
    Hazard,
    Model,
    Shape,
    log_odds,
    predict,
    probability,
    rounded,
)
from tutormax.train.monitoring import LEVELS, bands, distributions
from tutormax.train.panel import HORIZONS, INTERVALS, Floats, Panel, thinned
from tutormax.train.shapes import basis


@pytest.fixture(scope="module")
def learned() -> Panel:
    return panel(tutors=300, days=200, hazard=0.006)


@pytest.fixture(scope="module")
def model(learned: Panel) -> Model:
    return fit(learned, "x", 90)[0]


def rise(hazard: Hazard, feature: str) -> float:
    """How much higher the last knot of a shape is than the first."""
    shape = hazard.shapes[NAMES.index(feature)]
    return float(shape.values[-1] - shape.values[0]) if len(shape.values) else 0.0


def test_it_finds_the_effect_and_leaves_out_what_says_nothing(model: Model) -> None:
    for hazard in model.hazards[1:]:
        assert rise(hazard, "strain") > 1.5
        assert abs(rise(hazard, "noise")) < rise(hazard, "strain") / 3
        for name in ("always_one", "never_known"):
            assert not len(hazard.shapes[NAMES.index(name)].knots)


def test_a_shape_is_straight_between_knots_and_ends_at_the_outermost() -> None:
    shape = Shape(np.array([1.0, 3.0, 4.0]), np.array([-1.0, 1.0, 0.0]), 0.5)
    values = np.array([-9.0, 1.0, 2.0, 3.0, 3.5, 4.0, 1e300, np.nan])
    assert shape(values).tolist() == [-1, -1, 0, 1, 0.5, 0, 0, 0.5]


def test_no_knot_lies_where_the_longest_interval_has_no_row(learned: Panel) -> None:
    """A shape would go on as a line over days that only shorter intervals have seen."""
    passed = (learned.day - learned.day.min()).astype(float)
    ageing = replace(learned, features=np.column_stack([learned.features[:, 0], passed]))
    hazards = fit(replace(ageing, names=NAMES[:2]), "x", 90)[0].hazards
    assert hazards[0].shapes[1].knots[-1] <= passed[learned.judged(90)].max()


def test_a_shape_is_zero_on_average(model: Model, learned: Panel) -> None:
    for hazard in model.hazards:
        for column, shape in enumerate(hazard.shapes):
            assert abs(shape(learned.features[:, column]).mean()) < 1e-5


def test_no_value_outside_training_counts_more_than_the_outermost(model: Model) -> None:
    base = np.full((3, len(NAMES)), np.nan)
    base[:, NAMES.index("strain")] = [1e9, 5.0, 4.9]
    assert len({tuple(row) for row in predict(model, base).tolist()}) == 1


def test_a_bend_is_found_where_a_line_says_nothing(learned: Panel) -> None:
    """Risk that falls and rises again with a feature."""
    bent = np.abs(learned.features[:, NAMES.index("strain")])
    rng = np.random.default_rng(3)
    side = {tutor: rng.choice([-1.0, 1.0]) for tutor in dict.fromkeys(learned.tutor)}
    sign = np.array([side[tutor] for tutor in learned.tutor])
    odd = (learned.churn_in < 7) & (bent < 0.5)
    churn_in = np.where(odd, np.nan, learned.churn_in)
    features = np.column_stack([learned.features[:, 0], sign * bent])
    world = replace(learned, features=features, names=NAMES[:2], churn_in=churn_in)
    shape = fit(world, "x", 7)[0].hazards[1].shapes[1]
    assert shape.values[0] > shape.values[2] + 0.5
    assert shape.values[-1] > shape.values[2] + 0.5


@pytest.mark.parametrize("column", ["strain", "noise"])
def test_levels_of_90_days_stay_only_where_unseen_tutors_gain(column: str, learned: Panel) -> None:
    place = NAMES.index(column)
    names = (*NAMES[:place], "avg_rating_90day", *NAMES[place + 1 :])
    shape = fit(replace(learned, names=names), "x", 7)[0].hazards[1].shapes[place]
    assert bool(shape.values.any() or shape.unknown) == (column == "strain")


@pytest.mark.parametrize(
    ("values", "knots"),
    [
        ([*range(101)], [2, 26, 50, 74, 98]),
        ([1] * 940 + [*range(2, 62)], [1, 3, 22, 41, 60]),
        ([0] * 500 + [1] * 500, [0, 1]),
        ([7] * 1000, []),
        ([7] * 990 + [np.nan] * 10, [7]),
        ([np.nan] * 10, []),
    ],
    ids=["quantiles", "heaped", "yes or no", "constant", "known or not", "never known"],
)
def test_knots_are_quantiles_and_values_that_are_frequent(
    values: list[float], knots: list[float]
) -> None:
    assert basis(np.array(values, dtype=float)[:, None]).knots[0].tolist() == knots


def test_a_design_is_made_of_shares_of_the_nearest_knots() -> None:
    features = np.array([[0.0], [1.0], [2.0], [9.0], [np.nan]])
    found = basis(np.array([[1.0], [3.0], [np.nan]])).design(features)
    assert found.tolist() == [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [1, 0.5, 0.5, 0],
        [1, 0, 1, 0],
        [1, 0, 0, 1],
    ]


def test_probabilities_rise_with_the_horizon_and_stay_within_bounds(model: Model) -> None:
    wild = np.random.default_rng(1).normal(0, 1000, (500, len(NAMES)))
    wild[::7] = np.nan
    predicted = predict(model, wild)
    assert predicted.shape == (500, len(HORIZONS))
    assert (np.diff(predicted, axis=1) >= 0).all()
    assert (predicted >= 0).all()
    assert (predicted <= 1).all()


def test_a_risky_feature_never_lowers_the_risk(model: Model) -> None:
    base = np.zeros((20, len(NAMES)))
    base[:, 1] = np.linspace(-1.5, 1.5, 20)
    assert (np.diff(predict(model, base), axis=0) > 0).all()


def test_an_unknown_feature_adds_a_number_of_its_own(learned: Panel) -> None:
    """Who is about to leave stops answering."""
    silent = learned.features.copy()
    silent[learned.churn_in < 3, NAMES.index("noise")] = np.nan
    hazard = fit(replace(learned, features=silent), "x", 7)[0].hazards[0]
    shape = hazard.shapes[NAMES.index("noise")]
    assert shape.unknown > shape.values.max() + 0.5
    always_known = hazard.shapes[NAMES.index("strain")]
    assert always_known.unknown == 0


def test_it_is_calibrated_on_tutors_it_has_not_seen(model: Model) -> None:
    unseen = panel(tutors=300, days=200, hazard=0.006, seed=5)
    predicted = predict(model, unseen.features)
    for number, horizon in enumerate(HORIZONS):
        judged = unseen.judged(horizon)
        figures = judge(predicted[judged, number], unseen.churned(horizon)[judged])
        assert figures is not None
        assert figures.ece < 0.05
        assert figures.auc is not None
        assert figures.auc > 0.7


def test_calibration_is_folded_into_what_is_stored(learned: Panel) -> None:
    """Features of noise make raw log-odds too bold; the stored ones are drawn back, none lost."""
    rng = np.random.default_rng(2)
    by_tutor = {tutor: rng.normal(size=20) for tutor in dict.fromkeys(learned.tutor)}
    noisy = np.column_stack(
        [learned.features, np.stack([by_tutor[tutor] for tutor in learned.tutor])]
    )
    names = (*learned.names, *(f"noise_{n}" for n in range(20)))
    bold = replace(learned, features=noisy, names=names)
    fitted, fits = fit(bold, "x", 90)
    assert fits[2].slope < 0.95
    hazard = fitted.hazards[2]
    plain = _plain_fit(bold, fits[2].penalty)
    for shape, own in zip(hazard.shapes, plain, strict=True):
        assert shape.values == pytest.approx(fits[2].slope * own, abs=1e-3)
    rows = bold.judged(30) & bold.at_risk(7)
    mean = float(probability(log_odds(hazard, noisy[rows])).mean())
    assert mean == pytest.approx(float(bold.churned(30)[rows].mean()), rel=0.1)


def _plain_fit(rows: Panel, penalty: float) -> list[Floats]:
    """The shapes of days 7 to 30 before calibration."""
    knots = basis(rows.features[rows.judged(90)])
    shown = rows.take(rows.judged(30) & rows.at_risk(7) & thinned(rows, 23))
    cost = penalty * knots.penalty(rows.features)
    found = _regression(knots.design(shown.features), shown.churned(30), cost)
    return [shape.values for shape in knots.shapes(found, rows.features)[1]]


def test_stored_numbers_have_few_digits(model: Model) -> None:
    for hazard in model.hazards:
        for shape in hazard.shapes:
            assert len(shape.knots) <= MOST_KNOTS
            for value in [hazard.intercept, *shape.values, shape.unknown]:
                assert round(value, DIGITS) == value
            for knot in shape.knots:
                assert float(f"{knot:.{DIGITS - 1}e}") == knot
    assert str(rounded(-0.0)) == "0.0"
    assert rounded(1234567.0) == 1234570.0


def test_the_same_panel_gives_the_same_model(learned: Panel, model: Model) -> None:
    again, _ = fit(learned, "x", 90)
    for one, other in zip(model.hazards, again.hazards, strict=True):
        assert one.intercept == other.intercept
        for shape, again_shape in zip(one.shapes, other.shapes, strict=True):
            assert (shape.values == again_shape.values).all()


def test_a_horizon_too_long_goes_on_at_the_daily_rate_of_the_last(learned: Panel) -> None:
    fitted, fits = fit(learned, "x", 7)
    assert [item.derived_from for item in fits] == [None, None, (1, 7), (1, 7)]
    last = fitted.hazards[1]
    rows = learned.features[learned.judged(7) & learned.at_risk(1)]
    daily = float(probability(log_odds(last, rows)).mean())
    for (start, end), hazard in zip(INTERVALS[2:], fitted.hazards[2:], strict=True):
        assert hazard.shapes == last.shapes
        odds = 1 - (1 - daily) ** ((end - start) / 6)
        shift = np.log(odds / (1 - odds)) - np.log(daily / (1 - daily))
        assert hazard.intercept == pytest.approx(last.intercept + shift, abs=1e-4)


def test_no_churn_at_all_is_a_sentence() -> None:
    with pytest.raises(UserError, match="None of the 20 tutors to learn from is known to have"):
        fit(panel(tutors=20, hazard=1e-12, effect=0), "x", 30)


def test_an_interval_without_churn_gets_a_small_rate() -> None:
    few = panel(tutors=20, days=60, hazard=1e-12, effect=0)
    churn_in = few.churn_in.copy()
    churn_in[few.tutor == "tutor-3"] = 0.0
    fitted, fits = fit(replace(few, churn_in=churn_in), "x", 7)
    assert fits[0].churned > 0
    assert fits[1].churned == 0
    assert not any(shape.values.any() for shape in fitted.hazards[1].shapes)
    assert 0 < probability(np.array([fitted.hazards[1].intercept]))[0] < 0.01


def test_bands_tile_probabilities_and_scores(model: Model, learned: Panel) -> None:
    found = bands(model, learned)
    assert tuple(band.level for band in found) == LEVELS
    assert found[0].probability_from == 0.0
    assert found[-1].probability_to == 1.0
    for one, following in itertools.pairwise(found):
        assert one.probability_from < one.probability_to == following.probability_from
        assert one.score_to == following.score_from
    assert [band.score_from for band in found] == [0, 25, 50, 75]
    mean = predict(model, learned.features)[:, 2].mean()
    assert found[1].probability_from == pytest.approx(mean, rel=1e-4)


def test_every_row_is_in_one_bin_of_each_feature(learned: Panel) -> None:
    bins = distributions(learned)
    for column, name in enumerate(learned.names):
        own = [item for item in bins if item.feature == name]
        assert len([item for item in own if item.number]) <= 10
        assert sum(item.share for item in own) == pytest.approx(1, abs=1e-12)
        values = learned.features[:, column]
        for item in own:
            if item.number == 0:
                inside = np.isnan(values)
            else:
                inside = ~np.isnan(values)
                inside &= values >= (-np.inf if item.lower is None else item.lower)
                inside &= values < (np.inf if item.upper is None else item.upper)
            assert item.share == pytest.approx(inside.mean(), abs=1e-12)
            assert item.share > 0 or name in ("never_known", "always_one")
        assert len(own) > 1
    shares = [(item.number, item.share) for item in bins if item.feature == "never_known"]
    assert shares == [(0, 1), (1, 0)]
    shares = [(item.number, item.share) for item in bins if item.feature == "always_one"]
    assert shares == [(1, 0), (2, 1), (3, 0)]


def test_a_yes_or_no_feature_has_a_bin_for_each(learned: Panel) -> None:
    rare = replace(learned, features=(learned.features[:, :1] > 3) * 1.0, names=("rare",))
    assert [(item.lower, item.upper) for item in distributions(rare)] == [(None, 1.0), (1.0, None)]


@pytest.mark.parametrize(
    ("values", "uppers"),
    [
        ([1] * 940 + [*range(1, 61)], [2]),
        ([*range(20)] + [30] * 60 + [*range(40, 60)], [9, 19, 30, 40, 49]),
        ([*range(60)] + [99] * 940, [99]),
    ],
    ids=["least", "middle", "most"],
)
def test_a_value_that_fills_tenths_has_its_own_bin(
    values: list[int], uppers: list[float], learned: Panel
) -> None:
    """Where quantiles coincide bins are cut at distinct values."""
    features = np.array(values, dtype=float)[:, None]
    bins = distributions(replace(learned, features=features, names=("heaped",)))
    assert [item.upper for item in bins][:-1] == uppers


def test_calibration_error_keeps_equal_predictions_together() -> None:
    """The tenth is that of the first of equals: 5 rows at 0.1 in one tenth, 5 at 0.6 in another."""
    predicted = np.array([0.1] * 5 + [0.6] * 5)
    churned = np.array([True] + [False] * 4 + [True] * 4 + [False])
    assert calibration_error(predicted, churned) == pytest.approx((0.5 + 1.0) / 10)
    apart = np.arange(20) / 20
    every_other = np.arange(20) % 2 == 1
    pairs = [apart[n] + apart[n + 1] - 1 for n in range(0, 20, 2)]
    assert calibration_error(apart, every_other) == pytest.approx(np.abs(pairs).sum() / 20)


def test_figures_by_hand() -> None:
    figures = judge(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    assert figures is not None
    assert figures.auc == pytest.approx(0.75)
    assert figures.brier == pytest.approx((0.01 + 0.16 + 0.65**2 + 0.04) / 4)
    assert figures.rate == 0.5
    all_stayed = judge(np.array([0.1, 0.2]), np.array([False, False]))
    assert all_stayed is not None
    assert all_stayed.auc is None
    assert judge(np.array([]), np.array([], dtype=bool)) is None


def test_log_odds_that_mislead_leave_the_rate_alone() -> None:
    churned = np.arange(200) % 4 == 0
    slope, shift = _calibration(np.where(churned, -1.0, 1.0) + np.arange(200) / 1e3, churned)
    assert slope == 0
    assert probability(np.array([shift]))[0] == pytest.approx(0.25, abs=0.01)


def test_churn_that_takes_everybody_at_once_is_a_sentence() -> None:
    all_gone = panel(tutors=20, days=60)
    at_once = replace(all_gone, churn_in=np.zeros(len(all_gone)))
    with pytest.raises(UserError, match=r"None of the 20 tutors .* still there 1 day after"):
        fit(at_once, "x", 7)


def test_few_tutors_told_apart_without_error_are_not_taken_for_certainty() -> None:
    churned = np.arange(200) % 4 == 0
    assert _calibration(np.where(churned, 1.0, -1.0), churned) == (1.0, 0.0)
    overlapping = churned ^ (np.arange(200) % 20 < 2)
    slope, _ = _calibration(np.where(churned, 1.0, -1.0), overlapping)
    assert 0 < slope < 3
    assert slope != 1
