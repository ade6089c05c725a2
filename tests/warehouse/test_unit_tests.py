"""dbt's unit tests, which a production build leaves out."""

from __future__ import annotations

from support.factories import small_world
from support.project import DuckDbProject
from support.warehouses import NewDuckDb


def test_every_unit_test_passes(
    unit_tested_project: DuckDbProject, new_warehouse: NewDuckDb
) -> None:
    # dbt makes a table of the name, and PostgreSQL allows 63 characters.
    names = [test.name for test in unit_tested_project.manifest.unit_tests.values()]
    assert [name for name in names if len(name) > 63] == []
    warehouse = new_warehouse()
    warehouse.insert(small_world())
    warehouse.build()
    tested = unit_tested_project.run(
        "test", "--select", "test_type:unit", env=warehouse.environment
    )
    assert tested.succeeded, tested.message
    assert tested.passed["unit_test"] == len(unit_tested_project.manifest.unit_tests)
    assert tested.passed["unit_test"] > 100
