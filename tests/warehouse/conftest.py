"""A built PostgreSQL warehouse to copy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.factories import WORLD_WITH_REFUSALS
from support.warehouses import NewPostgres, PostgresWarehouse
from tutormax.operations.roles import ROLES, create_role


@pytest.fixture(scope="session")
def built_on_postgres(new_postgres: NewPostgres) -> Iterator[PostgresWarehouse]:
    """Built from WORLD_WITH_REFUSALS once, with the roles granted what is theirs; to be copied.

    Roles belong to the whole server: if other tests made them later, builds would begin to grant.
    """
    with new_postgres() as warehouse:
        for role in ROLES:
            warehouse.execute(create_role(role))
        warehouse.insert(WORLD_WITH_REFUSALS)
        warehouse.build()
        yield warehouse


@pytest.fixture
def postgres_warehouse(built_on_postgres: PostgresWarehouse) -> Iterator[PostgresWarehouse]:
    """A fresh copy of the built database."""
    with built_on_postgres.copy() as warehouse:
        yield warehouse
