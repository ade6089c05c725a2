"""When the churn model is held back, and who says so."""

from __future__ import annotations

from datetime import date
from typing import Any

from support.churn_worlds import weekly_world
from support.tables import Row
from support.warehouses import DuckDbWarehouse
from tutormax.summary import describe


def test_a_model_that_does_not_fit_is_held_back(seeded: DuckDbWarehouse) -> None:
    """The shipped model in a foreign market: churn rules recommend nothing, and all say why."""
    warehouse = seeded.copy()
    warehouse.insert(weekly_world())
    # Whoever is predicted is at Medium at least.
    bands = "update staging.churn_risk_bands set probability_{} = 0.000001 where risk_level = '{}'"
    warehouse.execute(bands.format("to", "Low"))
    warehouse.execute(bands.format("from", "Medium"))
    whole, last = date(2025, 3, 31), date(2025, 4, 7)

    def built_as(as_of: date, **more: Any) -> tuple[Row, set[str], str]:
        words = ("--select", "+intervention_recommendations", "+rejected_records")
        variables = {"as_of_date": str(as_of), **more}
        done = warehouse.dbt("run", *words, variables=variables)
        (status,) = warehouse.rows("churn_model_status")
        recommended = warehouse.rows("intervention_recommendations")
        rules = {rule for row in recommended for rule in row["rules"] if "churn_risk" in rule}
        return status, rules, warehouse.said(done)

    status, rules, sentence = built_as(whole)
    assert (status["is_held_back"], rules, status["tutors"]) == (True, set(), 60)
    assert status["features_drifted"] > 0.6 * status["features"]
    assert status["reason"][:-1] in sentence
    assert "of its 38 features have drifted from training" in status["reason"]
    assert "sessions in 7 days" not in status["reason"]
    with warehouse.connection() as connection:
        told = describe(lambda sql: connection.execute(sql).fetchall(), "tutormax")
    assert f"          {status['reason']}" in told

    # In so small a market drift would be noise, and the model may recommend.
    status, rules, sentence = built_as(whole, churn_status_min_tutors=61)
    assert (status["is_held_back"], status["reason"]) == (False, None)
    assert rules == {"medium_churn_risk"}
    assert "held back" not in sentence

    status, rules, sentence = built_as(last, churn_status_min_tutors=61)
    assert (status["sessions_7_days"], status["sessions_28_days_before"]) == (20, 240)
    assert status["reason"] == (
        "Churn model 1.1.0 is held back, and churn rules recommend nothing: "
        "the market completed 20 sessions in 7 days after 240 in the 28 days before."
    )
    assert rules == set()
    assert status["reason"][:-1] in sentence
