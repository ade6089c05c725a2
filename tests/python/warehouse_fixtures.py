"""Warehouses for tests, for modules that say `pytest_plugins = ["warehouse_fixtures"]`."""

from __future__ import annotations

import pytest
from duckdb_warehouse import Project, Warehouse, WarehouseFactory


@pytest.fixture(scope="session")
def dbt_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def unit_tested_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with its unit tests."""
    return Project(tmp_path_factory.mktemp("dbt"), unit_tests=True)


@pytest.fixture(scope="session")
def new_warehouse(
    dbt_project: Project, tmp_path_factory: pytest.TempPathFactory
) -> WarehouseFactory:
    """`new_warehouse()` makes an empty warehouse; `new_warehouse(other)` a copy of another."""

    def make(original: Warehouse | None = None) -> Warehouse:
        folder = tmp_path_factory.mktemp("warehouse")
        return Warehouse(dbt_project, folder) if original is None else original.copy(folder)

    return make
