"""A row dated D is the same whether the facts after D exist or not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from support.factories import random_world, utc
from support.tables import Row, World
from support.warehouses import DuckDbWarehouse, NewDuckDb

WORLD = random_world(11, days=40)
LAST = utc("2025-05-15")

# The instant at which a fact happens.
HAPPENS = {
    "sessions": "scheduled_start",
    "student_feedback": "submitted_at",
    "tutor_events": "event_timestamp",
    "interventions": "recommended_date",
}

HINDSIGHT = {
    "churn_prediction_outcomes",
    "churn_feature_drift",
    "intervention_effectiveness",
    "intervention_recommendations",
}
"""What looks back by its nature, or is of the last date alone (see test_interventions)."""

FLOWING = {"sessions", "student_feedback", "tutor_events"}


def known_at(now: datetime) -> World:
    return {
        table: [row for row in rows if table not in HAPPENS or row[HAPPENS[table]] < now]
        for table, rows in WORLD.items()
    }


def dated_until(published: dict[str, dict[Any, Row]], now: datetime) -> dict[str, dict[Any, Row]]:
    """What a reader on that day may see: metrics dated `now` included, facts before it."""
    return {
        table: {
            key: row
            for key, row in rows.items()
            if (
                row[HAPPENS[table]] < now
                if table in HAPPENS
                else row.get("calculation_date", row.get("prediction_date", now)) <= now
            )
        }
        for table, rows in published.items()
        if table not in HINDSIGHT
    }


@pytest.fixture(scope="module")
def raw_with_everything(new_warehouse: NewDuckDb) -> DuckDbWarehouse:
    warehouse = new_warehouse()
    warehouse.insert(WORLD)
    return warehouse


@pytest.fixture(scope="module")
def everything(
    raw_with_everything: DuckDbWarehouse, new_warehouse: NewDuckDb
) -> dict[str, dict[Any, Row]]:
    warehouse = new_warehouse(raw_with_everything)
    warehouse.build(variables={"as_of_date": f"{LAST:%Y-%m-%d}"})
    return warehouse.published()


@pytest.mark.parametrize("day", ["2025-03-02", "2025-03-17", "2025-04-08"])
def test_facts_after_a_day_do_not_change_its_rows(
    day: str, everything: dict[str, dict[Any, Row]], new_warehouse: NewDuckDb
) -> None:
    now = utc(day)
    known = known_at(now)
    assert all(len(known[table]) < len(WORLD[table]) for table in FLOWING)
    warehouse = new_warehouse()
    warehouse.insert(known)
    warehouse.build(variables={"as_of_date": day})
    published = {
        table: rows for table, rows in warehouse.published().items() if table not in HINDSIGHT
    }
    for table, date in (
        ("tutor_performance_metrics", "calculation_date"),
        ("churn_predictions", "prediction_date"),
    ):
        assert max(row[date] for row in published[table].values()) == now
    assert published == dated_until(everything, now)


def test_an_earlier_last_date_only_leaves_later_rows_out(
    raw_with_everything: DuckDbWarehouse,
    everything: dict[str, dict[Any, Row]],
    new_warehouse: NewDuckDb,
) -> None:
    warehouse = new_warehouse(raw_with_everything)
    warehouse.build(variables={"as_of_date": "2025-03-20"})
    now = datetime(2025, 3, 20, tzinfo=UTC)
    metrics = "tutor_performance_metrics"
    published = warehouse.published(metrics)
    assert published == dated_until({metrics: everything[metrics]}, now)


def test_a_metric_moves_with_feedback_that_came_late(
    everything: dict[str, dict[Any, Row]],
) -> None:
    """Otherwise the comparisons above could not tell a leak from the truth."""
    sessions = {row["session_id"]: row for row in WORLD["sessions"]}
    late = [
        row
        for row in WORLD["student_feedback"]
        if row["submitted_at"].date() > sessions[row["session_id"]]["scheduled_start"].date()
    ]
    assert len(late) > 20
    assert len(everything["tutor_performance_metrics"]) > 500
    assert len(everything["churn_predictions"]) > 100
