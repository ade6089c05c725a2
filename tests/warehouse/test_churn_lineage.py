"""From the churn features back to raw columns: nothing decided in hindsight is among them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from support.factories import small_world
from support.project import DuckDbProject
from support.tables import KEYS
from support.warehouses import BuiltWorld, Warehouse

Columns = dict[str, set[str]]
"""Columns by the name of their table."""

HINDSIGHT = {
    "tutors": {"status", "behavioral_archetype", "subjects", "location"},
}


class Lineage:
    """Which columns of published source tables a model's columns, and its filters, are made of."""

    def __init__(self, project: DuckDbProject, warehouse: Warehouse) -> None:
        self._project = project
        self._models = {
            node.name for node in project.manifest.nodes.values() if node.resource_type == "model"
        }
        self._columns: dict[str, list[str]] = defaultdict(list)
        self._schema: dict[str, Any] = {}
        for schema, table, column, kind in warehouse.execute(
            "select table_schema, table_name, column_name, data_type"
            " from information_schema.columns order by ordinal_position"
        ):
            self._columns[table].append(column)
            places = self._schema.setdefault(schema, {})
            places.setdefault(table, {})[column] = kind

    def columns(self, table: str) -> list[str]:
        return self._columns[table]

    def of(self, model: str) -> Columns:
        found: Columns = defaultdict(set)
        seen: Columns = defaultdict(set)
        to_do = [(model, set(self._columns[model]))]
        while to_do:
            table, columns = to_do.pop()
            source = table.removeprefix("stg_tutormax__")
            if source in KEYS:
                # Whether a row counts is not what it says.
                found[source] |= columns - {"is_accepted", "is_dated_ahead"}
            elif table not in self._models:
                found[table] |= columns
            elif not columns <= seen[table]:
                seen[table] |= columns
                to_do += self.used(self._project.compiled(table), sorted(seen[table])).items()
        return found

    def used(self, sql: str, columns: list[str]) -> Columns:
        """The columns of tables that some columns of a select need, those of its filters too."""
        tree = sqlglot.parse_one(
            f"select {', '.join(columns)} from ({sql}) as model", dialect="duckdb"
        )
        for table in tree.find_all(exp.Table):
            table.set("catalog", None)
        tree = qualify(tree, schema=self._schema, dialect="duckdb", validate_qualify_columns=False)
        used: Columns = defaultdict(set)
        for scope in traverse_scope(pushdown_projections(tree)):
            for column in scope.columns:
                source = scope.sources.get(column.table)
                if isinstance(source, exp.Table) and source.name:
                    used[source.name].add(column.name)
        return used


@pytest.fixture(scope="module")
def lineage(dbt_project: DuckDbProject, built_world: BuiltWorld) -> Lineage:
    warehouse = built_world("duckdb", small_world()).copy()
    compiled = warehouse.dbt("compile")
    assert compiled.succeeded, compiled.message
    return Lineage(dbt_project, warehouse)


@pytest.mark.parametrize("model", ["int_churn__features", "churn_predictions"])
def test_no_column_of_hindsight_is_read(model: str, lineage: Lineage) -> None:
    read = lineage.of(model)
    # The agreed pace is read from all versions, by when each arrived.
    assert read["tutors"] == {
        *("tutor_id", "onboarding_date", "baseline_sessions_per_week"),
        *("record_key", "loaded_at", "updated_at", "reasons"),
    }
    for table, columns in HINDSIGHT.items():
        assert columns <= set(lineage.columns(table))
        assert not columns & read[table]
    # What features are made of is found, through every model on the way.
    assert {"scheduled_start", "no_show", "engagement_score"} <= read["sessions"]
    assert {"overall_rating", "submitted_at"} <= read["student_feedback"]
    assert {"event_type", "event_timestamp", "metadata"} <= read["tutor_events"]
    assert not read["interventions"]
    assert not read["students"]


def test_a_column_that_only_a_filter_reads_is_found(lineage: Lineage) -> None:
    sql = """
        with everything as (select * from "warehouse"."tutormax"."tutors"),
        active as (select * from everything where status = 'active')
        select tutor_id, name from active
    """
    assert lineage.used(sql, ["tutor_id"]) == {"tutors": {"tutor_id", "status"}}
