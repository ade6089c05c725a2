"""A built warehouse on each engine, for modules with `pytest_plugins = ["both_engines_fixtures"]`.

What a test does to it is undone after the test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from both_engines import DuckDbWarehouse, EngineWarehouse, PostgresWarehouse


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def built_warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EngineWarehouse]:
    """A warehouse built from the module's WORLD; its function `prepare` may add to raw."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "duckdb":
        yield built(request, DuckDbWarehouse(folder))
        return
    with request.getfixturevalue("postgres_database")() as url:
        warehouse = PostgresWarehouse(folder, url)
        try:
            yield built(request, warehouse)
        finally:
            warehouse.drop_saved()


def built(request: pytest.FixtureRequest, warehouse: EngineWarehouse) -> EngineWarehouse:
    warehouse.insert(request.module.WORLD)
    getattr(request.module, "prepare", lambda _: None)(warehouse)
    warehouse.build()
    warehouse.save()
    return warehouse


@pytest.fixture
def warehouse(built_warehouse: EngineWarehouse) -> Iterator[EngineWarehouse]:
    """The built warehouse, put back after the test."""
    yield built_warehouse
    built_warehouse.restore()
