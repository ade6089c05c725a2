"""What a model's meta says is known, complete and free of contradictions, or nothing runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from support.factories import small_world
from support.project import DuckDbProject
from support.warehouses import BuiltWorld, DatabaseWarehouse

DAYS = "int_activity__tutor_daily_totals"
Meta = dict[str, Any]


@pytest.fixture(scope="module")
def built(built_world: BuiltWorld) -> Iterator[DatabaseWarehouse]:
    with built_world("duckdb", small_world()).copy() as warehouse:
        yield warehouse


def misspelled(meta: Meta) -> None:
    meta["recompute"]["colum"] = meta["recompute"].pop("column")


def unknown(meta: Meta) -> None:
    meta["fusd"] = True


def missing(meta: Meta) -> None:
    del meta["recompute"]


def unheard_of(meta: Meta) -> None:
    meta["recompute"]["by"] = "week"


def contradictory(meta: Meta) -> None:
    meta["recompute"]["changed_in"] = "stg_tutormax__sessions"


def of_no_column(meta: Meta) -> None:
    meta["recompute"]["column"] = "activity_date"


def of_no_model(meta: Meta) -> None:
    meta["recompute"] = {"by": "key", "changed_in": ["session"]}


def looking_back(meta: Meta) -> None:
    meta["recompute"]["lookback"] = 14


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (misspelled, "has the unknown meta key recompute.colum (known: by, column, changed_in"),
        (misspelled, "needs recompute.column, because it is recomputed by day"),
        (unknown, "has the unknown meta key fusd (known: recompute, audit"),
        (missing, "needs meta.recompute.by, one of key, batch"),
        (unheard_of, "needs meta.recompute.by"),
        (contradictory, "has recompute.changed_in, which has no meaning for by: day"),
        (of_no_column, "has meta of the column activity_date, which its YAML does not list"),
        (of_no_model, "has the unknown source table session in recompute.changed_in"),
        (looking_back, "has the unknown recompute.lookback 14 (known: none, longest_window"),
    ],
)
def test_a_wrong_word_stops_a_build_and_lint(
    damage: Callable[[Meta], None],
    sentence: str,
    built: DatabaseWarehouse,
    dbt_project: DuckDbProject,
    deep: bool,
) -> None:
    builds = [("run", "--select", "students")] if deep or damage is misspelled else []
    for words in (*builds, ("run-operation", "check_recompute")):
        manifest = dbt_project.manifest.deepcopy()
        config = manifest.nodes[f"model.tutormax.{DAYS}"].config
        # A copy of a manifest shares what lies deeper.
        config.meta = deepcopy(config.meta)
        damage(config.meta)
        manifest.build_flat_graph()
        dbt_project.spares.append(manifest)
        done = built.dbt(*words)
        assert not done.succeeded
        said = " ".join(done.message.split())
        assert f"{DAYS} " in said
        assert sentence in said


@pytest.mark.parametrize(
    ("data_type", "bound"),
    [("date", "churn_day >= (date '"), ("timestamp with time zone", "churn_day >= cast((date '")],
)
def test_a_bound_is_a_date_or_an_instant_as_the_contract_has_the_column(
    data_type: str, bound: str, built: DatabaseWarehouse, dbt_project: DuckDbProject
) -> None:
    manifest = dbt_project.manifest.deepcopy()
    node = manifest.nodes["model.tutormax.int_churn__churn_events"]
    column = deepcopy(node.columns["churn_day"])
    column.data_type = data_type
    node.columns = {**node.columns, "churn_day": column}
    manifest.build_flat_graph()
    dbt_project.spares.append(manifest)
    session = max(small_world()["sessions"], key=lambda row: row["_loaded_at"])
    later = built.execute("select max(_loaded_at) + interval 1 day from raw.sessions")[0][0]
    built.insert({"sessions": [session | {"_loaded_at": later}]})
    built.dbt("run", "--select", "+int_churn__churn_events")
    assert bound in dbt_project.compiled("int_churn__churn_events")
