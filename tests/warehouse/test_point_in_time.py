"""A row dated D is the same whether the facts after D exist or not."""

from __future__ import annotations

from datetime import datetime

import pytest

from support.factories import random_world, utc
from support.tables import PUBLISHED, Row, Tables, World
from support.warehouses import DuckDbWarehouse

WORLD = random_world(11, days=40)
KINDS = ("recognition", "training_module", "peer_mentoring", "first_session_checkin")
for number, row in enumerate(WORLD["interventions"]):
    row["intervention_type"] = KINDS[number % len(KINDS)]
LAST = utc("2025-05-15")

# The instant at which a fact happens.
HAPPENS = {
    "sessions": "scheduled_start",
    "student_feedback": "submitted_at",
    "tutor_events": "event_timestamp",
    "interventions": "recommended_date",
}

OF_THE_LAST_DATE = {
    *("churn_model_status", "intervention_recommendations", "intervention_effectiveness"),
}
HINDSIGHT = {"churn_prediction_outcomes", "churn_feature_drift", *OF_THE_LAST_DATE}
"""What looks back by its nature, or is of the last date alone."""

UNDONE = {"status": "in_progress", "completed_date": None, "outcome": None}

FLOWING = {"sessions", "student_feedback", "tutor_events"}


def begun(row: Row, now: datetime) -> Row:
    """An intervention as it was then: if it was completed later, it was in progress."""
    return row | UNDONE if row["completed_date"] and row["completed_date"] >= now else row


def known_at(now: datetime) -> World:
    known = {
        table: [row for row in rows if table not in HAPPENS or row[HAPPENS[table]] < now]
        for table, rows in WORLD.items()
    }
    return known | {"interventions": [begun(row, now) for row in known["interventions"]]}


def dated_until(published: Tables, now: datetime) -> Tables:
    """What a reader on that day may see: metrics dated `now` included, facts before it."""
    return {
        table: {
            key: begun(row, now) if table == "interventions" else row
            for key, row in rows.items()
            if (
                row[HAPPENS[table]] < now
                if table in HAPPENS
                else row.get("calculation_date", row.get("prediction_date", now)) <= now
            )
        }
        for table, rows in published.items()
    }


@pytest.fixture(scope="module")
def raw_with_everything(seeded: DuckDbWarehouse) -> DuckDbWarehouse:
    warehouse = seeded.copy()
    warehouse.insert(WORLD)
    return warehouse


@pytest.fixture(scope="module")
def everything(raw_with_everything: DuckDbWarehouse) -> Tables:
    with raw_with_everything.copy() as warehouse:
        warehouse.fill(variables={"as_of_date": f"{LAST:%Y-%m-%d}"})
        return warehouse.published(*(PUBLISHED.keys() - HINDSIGHT))


@pytest.mark.depth(
    "day", quick=["2025-04-01"], deep=["2025-03-02", "2025-03-17", "2025-04-01", "2025-04-08"]
)
def test_facts_after_a_day_do_not_change_its_rows(
    day: str,
    raw_with_everything: DuckDbWarehouse,
    everything: Tables,
    seeded: DuckDbWarehouse,
) -> None:
    """Built from what was known, from everything on that day, and from everything much later."""
    now = utc(day)
    known = known_at(now)
    assert all(len(known[table]) < len(WORLD[table]) for table in FLOWING)
    warehouse = seeded.copy()
    warehouse.insert(known)
    warehouse.fill(variables={"as_of_date": day})
    published = warehouse.published()
    for table, date in (
        ("tutor_performance_metrics", "calculation_date"),
        ("churn_predictions", "prediction_date"),
    ):
        assert max(row[date] for row in published[table].values()) == now
    with raw_with_everything.copy() as on_the_day:
        on_the_day.fill(variables={"as_of_date": day})
        found = on_the_day.published()
    assert day < "2025-04" or all(found[table] for table in OF_THE_LAST_DATE)
    assert dated_until(found, now) == published
    assert dated_until(everything, now) == {table: published[table] for table in everything}


def test_a_metric_moves_with_feedback_that_came_late(everything: Tables) -> None:
    """Otherwise the comparisons above could not tell a leak from the truth."""
    sessions = {row["session_id"]: row for row in WORLD["sessions"]}
    now = utc("2025-04-01")
    assert known_at(now)["interventions"] != [
        row for row in WORLD["interventions"] if row["recommended_date"] < now
    ]
    late = [
        row
        for row in WORLD["student_feedback"]
        if row["submitted_at"].date() > sessions[row["session_id"]]["scheduled_start"].date()
    ]
    assert len(late) > 20
    assert len(everything["tutor_performance_metrics"]) > 500
    assert len(everything["churn_predictions"]) > 100
