"""Recommendations and effects of interventions: by another road, in time, and without SQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from support.project import REPOSITORY
from support.references.interventions import effects, recommended, silence
from support.tables import Row, World
from support.warehouses import DatabaseWarehouse, NewDuckDb, PostgresWarehouse, on_duckdb
from tutormax.generate.settings import Settings
from tutormax.generate.writing import write_files

WORLD: World = {}
RECOMMENDATIONS = "intervention_recommendations"
EFFECTS = "intervention_effectiveness"
AS_OF = date(2025, 6, 2)


def prepare(warehouse: DatabaseWarehouse) -> None:
    """Generated facts, of which every other tutor had no intervention, to be compared with."""
    folder = warehouse.folder / "raw"
    write_files(Settings(AS_OF - timedelta(days=1), 75, 40, 80, seed=5), folder, 0.0)
    warehouse.command("load", str(folder), "--target", warehouse.target)
    warehouse.execute(
        "delete from raw.interventions where right(tutor_id, 1) in ('1', '3', '5', '7', '9') "
        "returning 1"
    )


def cached_rows(warehouse: DatabaseWarehouse) -> Callable[[str], list[Row]]:
    tables: dict[str, list[Row]] = {}

    def rows(table: str) -> list[Row]:
        if table not in tables:
            tables[table] = warehouse.rows(table)
        return tables[table]

    return rows


def as_of(warehouse: DatabaseWarehouse) -> date:
    (clock,) = warehouse.rows("int_activity__calculation_dates", "intermediate")
    day = clock["as_of_date"]
    assert isinstance(day, date)
    return day


@pytest.mark.deep("postgres")  # test_engine_parity says the same of what each engine publishes
def test_rules_recommend_what_they_say(built_warehouse: DatabaseWarehouse) -> None:
    day = as_of(built_warehouse)
    rows = cached_rows(built_warehouse)
    expected = recommended(rows, day)
    silent = silence(rows, day)
    found = built_warehouse.rows(RECOMMENDATIONS)
    assert {
        (row["tutor_id"], row["intervention_type"]): tuple(row["rules"]) for row in found
    } == expected
    assert len({rule for rules in expected.values() for rule in rules}) >= 4
    assert {row["status"] for row in rows("tutors")} > {"active"}
    for row in found:
        assert row["recommended_on"] == day < row["due_date"]
        assert row["silent_days"] == silent[row["tutor_id"]]
        assert any(sign.isdigit() for sign in row["reason"])


@pytest.mark.deep("postgres")
def test_effects_are_as_counted_by_hand(built_warehouse: DatabaseWarehouse) -> None:
    expected = effects(cached_rows(built_warehouse), as_of(built_warehouse))
    found = {
        (row["intervention_type"], row["recommended_month"]): row
        for row in built_warehouse.rows(EFFECTS)
    }
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        names = row.keys()
        assert {name: found[key][name] for name in names} == pytest.approx(row, abs=1e-9), key
    assert sum(row["comparison_churn_score_change"] is not None for row in expected.values()) > 5
    assert sum(row["tutors_measured"] for row in expected.values()) > 30


@on_duckdb
def test_a_rule_is_added_without_sql(warehouse: DatabaseWarehouse) -> None:
    rules, conditions = "staging.intervention_rules", "staging.intervention_rule_conditions"
    warehouse.execute(f"delete from {rules} where rule <> 'low_engagement'")
    warehouse.execute(
        f"update {rules} set rule = 'is_seen', intervention_type = 'recognition', "
        "cool_down_days = 0"
    )
    warehouse.execute(
        f"insert into {conditions} values "
        "('is_seen', 1, 'sessions', '90day', '>=', '3', 1, 0, '{value} sessions', 'Why not.')"
    )
    done = warehouse.dbt("run", "--select", RECOMMENDATIONS)
    assert done.succeeded, done.message
    rows = warehouse.rows(RECOMMENDATIONS)
    assert len(rows) > 5
    for row in rows:
        assert (row["rules"], row["intervention_type"]) == (["is_seen"], "recognition")
        assert row["reason"].endswith(" sessions.")


@on_duckdb
def test_erasing_a_tutor_takes_the_recommendations(warehouse: DatabaseWarehouse) -> None:
    before = warehouse.published(RECOMMENDATIONS, audit=True)[RECOMMENDATIONS]
    tutor = min(row["tutor_id"] for row in before.values())
    warehouse.command("erase", "tutor", tutor, "--yes")
    left = {key: row for key, row in before.items() if row["tutor_id"] != tutor}
    assert warehouse.published(RECOMMENDATIONS, audit=True)[RECOMMENDATIONS] == left
    assert warehouse.mentions(tutor) == []
    warehouse.fill("--select", f"+{RECOMMENDATIONS}")
    assert warehouse.published(RECOMMENDATIONS, audit=True)[RECOMMENDATIONS] == left


def test_a_tutor_takes_recommendations_along(postgres_warehouse: PostgresWarehouse) -> None:
    warehouse = postgres_warehouse
    (tutor,) = warehouse.execute(f"select min(tutor_id) from tutormax.{RECOMMENDATIONS}")[0]
    assert tutor
    warehouse.execute(f"delete from tutormax.tutors where tutor_id = '{tutor}'")
    assert tutor not in {row["tutor_id"] for row in warehouse.rows(RECOMMENDATIONS)}


def test_the_seeds_are_read_in_full() -> None:
    """Every placeholder in a reason is one that is filled."""
    seeds = REPOSITORY / "seeds" / "interventions"
    text = (seeds / "intervention_rule_conditions.csv").read_text()
    for known in ("{value}", "{bound}", "{bound_to}", "{text}"):
        text = text.replace(known, "")
    assert "{" not in text and "}" not in text


def test_vars_that_make_no_sense_are_refused(new_warehouse: NewDuckDb) -> None:
    warehouse = new_warehouse()
    for name, value in (
        ("recommendation_min_sessions", -1),
        ("effectiveness_min_tutors", "ten"),
        ("tenure_bands", {}),
    ):
        refused = warehouse.try_build(variables=json.dumps({name: value}))
        assert not refused.succeeded
        assert f"The var {name} is" in refused.message
