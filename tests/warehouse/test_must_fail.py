"""Every data test of dbt passes on good data and was seen to fail on bad data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from typing import Any, cast

import duckdb
import pytest

from support.factories import random_world, session, student, tutor
from support.must_fail_cases import DERIVED, SPOILINGS, GenericTest
from support.project import DuckDbProject as Project
from support.tables import merged
from support.warehouses import BuiltWorld
from support.warehouses import DuckDbWarehouse as Warehouse

WORLD = merged(
    random_world(11, days=40),
    {
        "tutors": [tutor("gone")],
        "students": [student("too-young", age=1), student("unborn", age=0)],
        "sessions": [session("last", "gone", "student-1", "2025-03-03 10:00")],
    },
)
"""Random facts, a tutor who churns, rows that are refused: every table has two rows at least."""

HOW_TO = "has no case: see tests/support/must_fail_cases.py"


def copy_of(relation: Any) -> str:
    """The name of a relation's copy: the model's, or the source's and its table's."""
    is_source = relation.resource_type == "source"
    return f"{relation.source_name}_{relation.name}" if is_source else str(relation.name)


class DataTest:
    """A data test as dbt compiled it, to be run on copies of what it reads."""

    def __init__(self, project: Project, node: Any) -> None:
        self.node = node
        self.name: str = node.name
        manifest = project.manifest
        found = [
            relation
            for relation in (*manifest.nodes.values(), *manifest.sources.values())
            if relation.resource_type in ("model", "seed", "source")
            and relation.relation_name in node.compiled_code
        ]
        of = manifest.nodes.get(getattr(node, "attached_node", None) or "")
        self.of: dict[str, Any] = of.to_dict() if of else {}
        self.relations = {copy_of(relation): relation.relation_name for relation in found}
        self.sql: str = node.compiled_code
        for name, relation in self.relations.items():
            self.sql = self.sql.replace(relation, f'temp."{name}"')

    def failures(self, connection: duckdb.DuckDBPyConnection) -> int:
        ((n,),) = connection.execute(f"select count(*) from (\n{self.sql}\n) as found").fetchall()
        return int(n)

    def spoilings(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        """The statements that must make it fail; none if nobody said."""
        generic = getattr(self.node, "test_metadata", None)
        if self.name in SPOILINGS or generic is None:
            return SPOILINGS.get(self.name, [])
        derive = DERIVED.get(generic.name)
        if derive is None:
            return []
        named = re.search(r"(?:ref|source)\((.*?)\)", generic.kwargs["model"])
        assert named, self.name
        table = "_".join(re.findall(r"'(\w+)'", named[1]))
        columns = dict(
            connection.execute(
                "select column_name, data_type from duckdb_columns()"
                f" where database_name = 'temp' and table_name = '{table}' order by column_index"
            ).fetchall()
        )
        return derive(GenericTest(table, columns, generic.kwargs, self.of))


@pytest.fixture(scope="module")
def built(built_world: BuiltWorld) -> Warehouse:
    return cast("Warehouse", built_world("duckdb", WORLD))


@pytest.fixture(scope="module")
def data_tests(dbt_project: Project, built: Warehouse) -> list[DataTest]:
    """All of them, as dbt compiles them for an engine that enforces no constraint."""
    manifest = dbt_project.manifest.deepcopy()
    default, duckdb_s = (
        manifest.macros[f"macro.tutormax.{engine}__unenforced_constraints"]
        for engine in ("default", "duckdb")
    )
    duckdb_s.macro_sql = default.macro_sql.replace(default.name, duckdb_s.name)
    nodes = dbt_project.compile("test_type:data", env=built.environment, manifest=manifest)
    tests = [DataTest(dbt_project, node) for node in nodes]
    of_manifest = {
        node.name for node in dbt_project.manifest.nodes.values() if node.resource_type == "test"
    }
    assert {test.name for test in tests} == of_manifest
    return tests


@pytest.fixture(scope="module")
def copies(built: Warehouse, data_tests: list[DataTest]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Temporary copies of all that the data tests read, to be spoiled and rolled back."""
    found = {place for test in data_tests for place in test.relations.items()}
    relations = dict(found)
    assert len(relations) == len(found), "two tables of one name are read"
    with built.connection() as connection:
        connection.execute("set threads = 1")
        for name, relation in relations.items():
            connection.execute(f'create temp table "{name}" as select * from {relation}')
        yield connection
        for name in relations:
            connection.execute(f'drop table temp."{name}"')


def complaints(copies: duckdb.DuckDBPyConnection, test: DataTest) -> list[str]:
    """What is wrong with a data test: empty if it passes on good data and fails on each bad."""
    found = []
    if test.failures(copies):
        found.append(f"{test.name} fails on good data")
    spoilings = test.spoilings(copies)
    if not spoilings:
        found.append(f"{test.name} {HOW_TO}")
    for statement in spoilings:
        copies.begin()
        copies.execute(statement)
        if not test.failures(copies):
            found.append(f"{test.name} passes after: {statement}")
        copies.rollback()
    return found


def test_every_data_test_fails_on_bad_data(
    copies: duckdb.DuckDBPyConnection, data_tests: list[DataTest]
) -> None:
    assert len(data_tests) > 200
    assert [line for test in data_tests for line in complaints(copies, test)] == []


def test_spoilings_are_of_tests_that_exist(data_tests: list[DataTest]) -> None:
    assert SPOILINGS.keys() <= {test.name for test in data_tests}


@pytest.mark.parametrize(
    ("name", "sql", "complaint"),
    [
        ("unique_churn_features_feature", "select 1 where false", "passes after"),
        ("unique_churn_features_feature", "select 1", "fails on good data"),
        ("assert_invented", "select 1 where false", HOW_TO),
    ],
    ids=["blind", "always", "new"],
)
def test_what_is_no_test_is_named(
    name: str,
    sql: str,
    complaint: str,
    copies: duckdb.DuckDBPyConnection,
    data_tests: list[DataTest],
) -> None:
    """A test that never fails, one that always fails, and one that nobody wrote a case for."""
    (test,) = (test for test in data_tests if test.name == "unique_churn_features_feature")
    broken = copy(test)
    broken.node = test.node if name == test.name else object()
    broken.name, broken.sql = name, sql
    (line,) = complaints(copies, broken)
    assert line.startswith(f"{name} ")
    assert complaint in line
