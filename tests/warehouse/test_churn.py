"""Churn: who is predicted, what comes of it, versions of the model, and how scores move."""

from __future__ import annotations

import itertools
import json
import math
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from support.churn_worlds import sporadic_world
from support.factories import session, utc
from support.project import REPOSITORY
from support.references import churn as churn_reference
from support.references.churn import HORIZONS, day_of
from support.tables import DEFAULT_ARRIVAL, Row
from support.warehouses import DuckDbWarehouse, NewDuckDb
from support.warehouses.protocol import AGAIN

PREDICTIONS = "churn_predictions"
OF_CHURN = (PREDICTIONS, "churn_prediction_outcomes", "churn_feature_drift")
CHURN = ("--select", "+churn_prediction_outcomes", "+churn_feature_drift")
"""Churn, and what it reads: enough for full builds, after which others would be full as well."""
ACTIVE = str(
    yaml.safe_load((REPOSITORY / "dbt_project.yml").read_text())["vars"]["churn_model_version"]
)
OTHER = "another"
LAST = date(2025, 6, 30)


WORLD = sporadic_world()


@pytest.fixture(scope="module")
def raw(seeded: DuckDbWarehouse) -> DuckDbWarehouse:
    warehouse = seeded.copy()
    warehouse.insert(WORLD)
    return warehouse


@pytest.fixture(scope="module")
def built(raw: DuckDbWarehouse, new_warehouse: NewDuckDb) -> DuckDbWarehouse:
    """Nothing may change it."""
    warehouse = new_warehouse(raw)
    warehouse.fill(*CHURN, variables={"as_of_date": str(LAST)})
    return warehouse


@pytest.fixture
def warehouse(built: DuckDbWarehouse, new_warehouse: NewDuckDb) -> DuckDbWarehouse:
    return new_warehouse(built)


def predictions(warehouse: DuckDbWarehouse) -> dict[tuple[str, date], Row]:
    return {
        (row["tutor_id"], day_of(row["prediction_date"])): row
        for row in warehouse.published(PREDICTIONS)[PREDICTIONS].values()
    }


def versions(warehouse: DuckDbWarehouse) -> dict[date, set[str]]:
    """The model versions of each prediction date."""
    found: dict[date, set[str]] = defaultdict(set)
    for (_, day), row in predictions(warehouse).items():
        found[day].add(row["model_version"])
    return found


def add_version(warehouse: DuckDbWarehouse, version: str = OTHER) -> None:
    """Put a second model beside the active one, which sees more risk everywhere."""
    warehouse.execute(
        f"""insert into staging.churn_model_coefficients
        select '{version}', interval_start, interval_end, feature, knot,
            coefficient + case when feature = 'intercept' then 1 else 0 end
        from staging.churn_model_coefficients where model_version = '{ACTIVE}'"""
    )
    warehouse.execute(
        f"""insert into staging.churn_risk_bands
        select '{version}', * exclude (model_version)
        from staging.churn_risk_bands where model_version = '{ACTIVE}'"""
    )


def build(
    warehouse: DuckDbWarehouse, as_of: date, version: str = ACTIVE, *words: str, **more: Any
) -> Any:
    """Build, but leave the seeds as the test made them."""
    variables = {"as_of_date": str(as_of), "churn_model_version": version, **more}
    return warehouse.dbt(*AGAIN, *words, variables=variables)


def test_who_is_predicted(built: DuckDbWarehouse) -> None:
    moments = [
        *(row["actual_start"] for row in WORLD["sessions"] if row["actual_start"]),
        *(row["event_timestamp"] for row in WORLD["tutor_events"]),
    ]
    first = day_of(min(moments))
    expected = churn_reference.working(WORLD, first + timedelta(days=1), LAST)
    assert predictions(built).keys() == expected
    assert len(expected) > 500


def test_outcomes_against_plain_python(built: DuckDbWarehouse) -> None:
    held = churn_reference.session_days(WORLD)
    known = churn_reference.sessions_known_before(WORLD, LAST)
    joined = {row["tutor_id"]: day_of(row["onboarding_date"]) for row in WORLD["tutors"]}
    groups: dict[tuple[int, date, str], list[tuple[Row, bool, float, bool]]] = defaultdict(list)
    for (name, day), row in predictions(built).items():
        silent = churn_reference.silent_days(held[name], day)
        assert row["silent_days"] == silent
        for horizon in HORIZONS:
            outcome = churn_reference.churned_within(held[name], day, horizon, LAST, known=known)
            if outcome is not None:
                days = (day - joined[name]).days if silent is None else silent
                ahead = churn_reference.is_a_week_before_the_last(held[name], day)
                is_active = silent is not None and silent <= 3
                for population in ("all", "active") if is_active else ("all",):
                    groups[horizon, day.replace(day=1), population].append(
                        (row, outcome, days, ahead)
                    )
    found = {
        (row["horizon_days"], row["prediction_month"], row["population"]): row
        for row in built.rows("churn_prediction_outcomes")
    }
    assert found.keys() == groups.keys()
    assert {horizon for horizon, _, _ in found} == set(HORIZONS)
    assert sum(row["churned"] for row in found.values()) > 100
    assert sum(row["lead_time_tutors"] for row in found.values()) > 10
    for key, judged in groups.items():
        for name, value in churn_reference.figures(judged, key[0]).items():
            assert found[key][name] == (
                value if value is None else pytest.approx(value, abs=1e-9)
            ), (key, name)


def test_an_activated_version_scores_from_then_on(
    raw: DuckDbWarehouse, new_warehouse: NewDuckDb
) -> None:
    warehouse = new_warehouse(raw)
    middle = LAST - timedelta(days=20)
    warehouse.fill(variables={"as_of_date": str(middle)})
    before = predictions(warehouse)
    add_version(warehouse)
    kept = f"kept {len(before):,} predictions of churn model {ACTIVE}, because {OTHER} scores only"
    assert kept in warehouse.said(build(warehouse, middle, OTHER))
    assert predictions(warehouse) == before
    assert kept in warehouse.said(build(warehouse, LAST, OTHER))
    after = predictions(warehouse)
    assert {key: after[key] for key in before} == before
    for day, found in versions(warehouse).items():
        assert found == {OTHER if day > middle else ACTIVE}
    assert max(versions(warehouse)) == LAST
    assert {row["model_version"] for row in warehouse.rows("churn_prediction_outcomes")} == {
        ACTIVE,
        OTHER,
    }

    # A full build that was not asked for, here for a var, leaves versions alone.
    done = build(warehouse, LAST, OTHER, first_session_success_rating=4.0)
    assert "churn model" not in warehouse.said(done)
    assert predictions(warehouse) == after

    # A correction long ago is scored by the version that stands there. What a version without
    # coefficients said stays as it is.
    late = session("late", "tutor-1", "student-1", "2025-02-03 10:00", _loaded_at=LAST_ARRIVAL)
    warehouse.insert({"sessions": [late]})
    coefficients = f"staging.churn_model_coefficients where model_version = '{ACTIVE}'"
    warehouse.execute(f"create table kept as from {coefficients}")
    warehouse.execute(f"delete from {coefficients}")
    assert build(warehouse, LAST, OTHER).succeeded
    uncorrected = predictions(warehouse)
    stayed = {key for key, row in after.items() if row["model_version"] == ACTIVE}
    assert len(stayed & uncorrected.keys()) > 0.9 * len(stayed)
    for key in stayed & uncorrected.keys():
        assert uncorrected[key] | {"silent_days": after[key]["silent_days"]} == after[key]
    warehouse.execute(
        "insert into staging.churn_model_coefficients from kept where feature <> 'intercept'"
    )
    done = build(warehouse, LAST, OTHER, restate_from="2025-02-03")
    assert not done.succeeded
    assert f"Predictions of the churn model {ACTIVE} are to be scored again" in done.message
    assert predictions(warehouse) == uncorrected
    warehouse.execute(f"delete from {coefficients}")
    warehouse.execute("insert into staging.churn_model_coefficients from kept")
    assert build(warehouse, LAST, OTHER, restate_from="2025-02-03").succeeded
    corrected = predictions(warehouse)
    assert corrected != after
    for day, found in versions(warehouse).items():
        assert found == {OTHER if day > middle else ACTIVE}

    # A full refresh has the active version score all, and needs no other.
    warehouse.execute(f"delete from {coefficients}")
    assert build(warehouse, LAST, OTHER, "--full-refresh", *CHURN).succeeded
    refreshed = predictions(warehouse)
    assert {row["model_version"] for row in refreshed.values()} == {OTHER}
    for key, row in refreshed.items():
        older = corrected[key]
        if older["model_version"] == ACTIVE:
            assert row["window_30day_probability"] > older["window_30day_probability"]


LAST_ARRIVAL = DEFAULT_ARRIVAL + timedelta(days=9)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("", "has no coefficients"),
        (
            "delete from staging.churn_model_coefficients where model_version = 'another' "
            "and interval_start = 7",
            "has no intercept for the interval 7-30",
        ),
        (
            "update staging.churn_model_coefficients set feature = 'charm' "
            "where model_version = 'another' and feature <> 'intercept'",
            "names the feature charm, which does not exist",
        ),
        (
            "update staging.churn_model_coefficients set interval_end = 91 "
            "where model_version = 'another' and interval_end = 90",
            "names the interval 30-91, which does not exist",
        ),
        (
            "update staging.churn_model_coefficients set knot = knot + 1 where model_version = "
            "'another' and interval_start = 7 and feature = 'tenure_days'",
            "gives the feature tenure_days different knots",
        ),
        (
            "insert into staging.churn_model_coefficients select model_version, interval_start, "
            "interval_end, feature, knot + 1000 * n, coefficient "
            "from staging.churn_model_coefficients, range(1, 6) as more (n) "
            "where model_version = 'another' and feature = 'tenure_days' and knot is not null",
            "gives the feature tenure_days more than 5 knots",
        ),
        (
            "delete from staging.churn_risk_bands where model_version = 'another' "
            "and risk_level = 'High'",
            "has 3 bands",
        ),
    ],
    ids=["none", "interval", "feature", "other interval", "knot", "knots", "band"],
)
def test_an_active_version_that_lacks_something(
    damage: str, complaint: str, warehouse: DuckDbWarehouse
) -> None:
    before = predictions(warehouse)
    if damage:
        add_version(warehouse)
        warehouse.execute(damage)
    done = warehouse.try_build(
        "--select", PREDICTIONS, variables={"churn_model_version": OTHER, "as_of_date": str(LAST)}
    )
    assert not done.succeeded
    assert f"The active churn model {OTHER} {complaint}" in done.message
    assert "seeds/churn" in done.message
    assert predictions(warehouse) == before


def test_a_feature_moves_the_risk_as_its_shape_says(warehouse: DuckDbWarehouse) -> None:
    """One feature at each of its knots and beyond, all others unknown, of the active version."""
    odds: dict[int, dict[str, dict[float | None, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in warehouse.rows("churn_model_coefficients", "staging"):
        if row["model_version"] == ACTIVE:
            odds[row["interval_end"]][row["feature"]][row["knot"]] = row["coefficient"]
    shapes = {name for name in odds[1] if name != "intercept"}
    assert len(shapes) > 5
    table = "intermediate.int_churn__features"
    warehouse.execute(
        f"insert into {table} (tutor_id, prediction_day) values ('base', date '{LAST}')"
    )
    points: dict[str, tuple[str, float]] = {}
    for feature in shapes:
        knots = sorted(knot for knot in odds[1][feature] if knot is not None)
        middles = [(one + other) / 2 for one, other in itertools.pairwise(knots)]
        for number, value in enumerate((*knots, *middles, knots[0] - 1e9, knots[-1] + 1e9)):
            points[f"{feature} {number}"] = feature, value
            warehouse.execute(
                f"insert into {table} (tutor_id, prediction_day, {feature}) values "
                f"('{feature} {number}', date '{LAST}', {value!r})"
            )
    warehouse.fill("--full-refresh", "--select", PREDICTIONS, variables={"as_of_date": str(LAST)})
    found = predictions(warehouse)
    groups = {
        row["feature"]: row["factor_group"] for row in warehouse.rows("churn_features", "staging")
    }
    for name, (feature, value) in ({"base": ("", 0.0)} | points).items():
        row = found[name, LAST]
        stays, rises = 1.0, defaultdict(float)
        for horizon in HORIZONS:
            by_feature = {
                other: churn_reference.shape_at(
                    odds[horizon][other], value if other == feature else None
                )
                for other in shapes
            }
            log_odds = odds[horizon]["intercept"][None] + sum(by_feature.values())
            hazard = 1 / (1 + math.exp(-log_odds))
            for other, added in by_feature.items():
                rises[groups[other]] += stays * hazard * added * (horizon <= 30)
            stays *= 1 - hazard
            assert row[f"window_{horizon}day_probability"] == pytest.approx(1 - stays, abs=1e-9)
        raising = {group: rise for group, rise in rises.items() if rise > 1e-9}
        shares = {group: rise / sum(raising.values()) for group, rise in raising.items()}
        assert json.loads(row["contributing_factors"]) == pytest.approx(shares, abs=1e-6), name


def test_the_rhythm_of_a_tutor_against_plain_python(built: DuckDbWarehouse) -> None:
    held = churn_reference.session_days(WORLD)
    rows = built.rows("int_churn__features", "intermediate")
    known = 0
    for row in rows:
        if row["days_since_last_session"] is None:
            continue
        gaps = churn_reference.gaps(held[row["tutor_id"]], row["prediction_day"])
        assert row["longest_gap_12"] == (max(gaps) if gaps else None)
        known += bool(gaps)
    assert known > 500


def test_predictions_age_out_in_every_build(seeded: DuckDbWarehouse) -> None:
    """Also a great many at once, and they come back with the clock."""
    world = sporadic_world(6, first=date(2024, 1, 1), days=560, gap=12)
    # So few tutors that the market is silent on many days.
    patient = {"churn_clock_open_days": 14}
    warehouse, full = seeded.copy(), seeded.copy()
    warehouse.insert(world)
    full.insert(world)
    for as_of in ("2025-02-28", "2025-03-01", "2025-07-01", "2025-02-01"):
        is_back = as_of == "2025-02-01"
        warehouse.fill(variables=patient | {"as_of_date": as_of, "allow_mass_delete": is_back})
        oldest = date.fromisoformat(as_of).replace(year=int(as_of[:4]) - 1)
        held = predictions(warehouse)
        assert min(day for _, day in held) == oldest
        assert len(held) > 1000
        for table in OF_CHURN[1:]:
            months = {row["prediction_month"] for row in warehouse.rows(table)}
            assert min(months) == oldest.replace(day=1), table
    full.fill(*CHURN, variables=patient | {"as_of_date": as_of})
    assert warehouse.published(*OF_CHURN) == full.published(*OF_CHURN)


def test_what_is_decided_in_hindsight_is_not_read(
    warehouse: DuckDbWarehouse, built: DuckDbWarehouse
) -> None:
    """Status and archetype of every tutor change; the agreed pace does from the day after."""
    changed = {"status": "churned", "behavioral_archetype": "churner", "_loaded_at": LAST_ARRIVAL}
    for row in WORLD["tutors"]:
        later = {"updated_at": row["updated_at"] + timedelta(days=1)}
        warehouse.insert({"tutors": [row | changed | later | {"baseline_sessions_per_week": 1.0}]})
    warehouse.fill(*CHURN, "--full-refresh", variables={"as_of_date": str(LAST)})
    assert {row["status"] for row in warehouse.rows("tutors")} == {"churned"}
    arrived, now = LAST_ARRIVAL.date(), predictions(warehouse)
    assert all(now[key] == row for key, row in predictions(built).items() if key[1] <= arrived)
    was, now = (
        {
            (row["tutor_id"], row["prediction_day"]): row
            for row in one.rows("int_churn__features", "intermediate")
        }
        for one in (built, warehouse)
    )
    late = {day for _, day in was if day > arrived}
    assert late == {key[1] for key in was if was[key] != now[key]}
    for key, row in was.items():
        moved = {name for name, value in row.items() if now[key][name] != value}
        assert moved <= {"agreed_pace_share_7day", "agreed_pace_share_30day"}
        assert all(now[key][name] == pytest.approx(12.5 * row[name]) for name in moved)


def test_probabilities_and_scores_hang_together(built: DuckDbWarehouse) -> None:
    bands = {
        row["risk_level"]: row
        for row in built.rows("churn_risk_bands", "staging")
        if row["model_version"] == ACTIVE
    }
    rows = predictions(built).values()
    assert utc("2025-06-30 00:00") == max(row["prediction_date"] for row in rows)
    for row in rows:
        risks = [row[f"window_{horizon}day_probability"] for horizon in HORIZONS]
        assert risks[0] >= 0
        assert risks == sorted(risks)
        assert risks[-1] <= 1
        band = bands[row["risk_level"]]
        assert band["score_from"] <= row["churn_score"] <= band["score_to"]
        shares = json.loads(row["contributing_factors"])
        assert all(share > 0 for share in shares.values())
        assert not shares or sum(shares.values()) == pytest.approx(1, abs=1e-9)
    assert any(json.loads(row["contributing_factors"]) for row in rows)
