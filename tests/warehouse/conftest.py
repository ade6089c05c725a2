"""Warehouses to copy: built on PostgreSQL, and with nothing but seeds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.factories import WORLD_WITH_REFUSALS
from support.replay.whims import load_seeds
from support.warehouses import (
    BuiltWorld,
    DatabaseWarehouse,
    DuckDbWarehouse,
    NewDuckDb,
    NewPostgres,
    PostgresWarehouse,
)


@pytest.fixture(scope="session")
def built_on_postgres(built_world: BuiltWorld) -> DatabaseWarehouse:
    """Built from WORLD_WITH_REFUSALS once; to be copied."""
    return built_world("postgres", WORLD_WITH_REFUSALS)


@pytest.fixture
def postgres_warehouse(built_on_postgres: PostgresWarehouse) -> Iterator[PostgresWarehouse]:
    """A fresh copy of the built database."""
    with built_on_postgres.copy() as warehouse:
        yield warehouse


@pytest.fixture(scope="session")
def seeded(new_warehouse: NewDuckDb) -> DuckDbWarehouse:
    """With seeds and no rows in raw; to be copied, and built with `fill`."""
    return load_seeds(new_warehouse())


@pytest.fixture(scope="session")
def seeded_on_postgres(new_postgres: NewPostgres) -> PostgresWarehouse:
    return load_seeds(new_postgres())
