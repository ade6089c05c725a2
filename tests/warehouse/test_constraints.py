"""What breaks a constraint of a contract is refused by the engine, or found by a data test."""

from __future__ import annotations

from typing import Any

import duckdb
import psycopg2
import pytest
from test_must_fail import WORLD

from support.must_fail_cases import breaking_statements
from support.warehouses import BuiltWorld, DatabaseWarehouse
from tutormax import constraints
from tutormax.constraints import OF_CONSTRAINTS
from tutormax.errors import UserError

ENGINE = "engine"
REFUSALS = (
    *(duckdb.ConstraintException, psycopg2.errors.NotNullViolation),
    *(psycopg2.errors.CheckViolation, psycopg2.errors.UniqueViolation),
    psycopg2.errors.ForeignKeyViolation,
)


@pytest.fixture(params=["duckdb", "postgres"])
def built(request: pytest.FixtureRequest, built_world: BuiltWorld) -> DatabaseWarehouse:
    """A warehouse whose tables all have rows; nothing is committed."""
    if request.param == "duckdb":
        return built_world("duckdb", WORLD)
    warehouse: DatabaseWarehouse = request.getfixturevalue("built_on_postgres")
    return warehouse


def compiled(warehouse: DatabaseWarehouse) -> dict[str, str]:
    """The SQL of the data test of constraints, by the model that it is of."""
    nodes = warehouse.project.compile(f"test_name:{OF_CONSTRAINTS}", env=warehouse.environment)
    return {node.attached_node: node.compiled_code for node in nodes}


def guards(cursor: Any, name: str, statement: str, test: str | None) -> list[str]:
    """What refuses or finds a statement that breaks a constraint."""
    is_tested = test is not None and f"'{name}'" in test
    cursor.execute("begin")
    try:
        cursor.execute(statement)
    except REFUSALS:
        return [ENGINE, OF_CONSTRAINTS] if is_tested else [ENGINE]
    else:
        if is_tested:
            cursor.execute(test)
            return [OF_CONSTRAINTS for broken, _ in cursor.fetchall() if broken == name]
        return []
    finally:
        cursor.execute("rollback")


def test_one_guard_notices_each_broken_constraint(built: DatabaseWarehouse) -> None:
    """The engine, or the data test where the engine does not; both would be a waste."""
    tests = compiled(built)
    found = {}
    with built.cursor() as cursor:
        for unique_id, node in built.manifest.nodes.items():
            if node.resource_type == "model":
                statements = breaking_statements(node.to_dict(), node.relation_name)
                for name, statement in statements.items():
                    by = guards(cursor, name, statement, tests.get(unique_id))
                    found[node.name, name] = by
    assert len(found) > 100
    assert {constraint: by for constraint, by in found.items() if len(by) != 1} == {}
    of_rows = [by for (_, name), by in found.items() if name.startswith(("not_null", "check"))]
    of_keys = [by for (_, name), by in found.items() if name.startswith(("primary", "fk_", "ix_"))]
    assert len(of_rows) + len(of_keys) == len(found)
    assert all(by == [ENGINE] for by in of_rows)
    on_postgres = built.target == "postgres"
    assert all(by == [ENGINE if on_postgres else OF_CONSTRAINTS] for by in of_keys)


def test_a_check_that_no_data_test_says_is_refused() -> None:
    model = {
        "name": "tutors",
        "config": {"meta": {}},
        "constraints": [],
        "columns": {
            "age": {"name": "age", "constraints": [{"type": "check", "expression": "age > 7"}]}
        },
    }
    with pytest.raises(UserError, match=r"The check of tutors\.age cannot be read"):
        constraints.tests_of_constraints(model)
