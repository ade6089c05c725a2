"""A built PostgreSQL warehouse to copy, for modules that say `pytest_plugins`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgres_warehouse import WORLD, PostgresProject, PostgresWarehouse

from tutormax.operations.roles import ROLES, create_role


@pytest.fixture(scope="session")
def built_database(postgres_project: PostgresProject) -> str:
    """The name of a database with WORLD in raw, built once, with the roles granted what is theirs.

    Roles belong to the whole server: if other tests made them later, builds would begin to grant.
    """
    with postgres_project.warehouse() as warehouse:
        for role in ROLES:
            warehouse.execute(create_role(role))
        warehouse.insert(WORLD)
        warehouse.build()
        return warehouse.keep()


@pytest.fixture
def postgres_warehouse(
    postgres_project: PostgresProject, built_database: str
) -> Iterator[PostgresWarehouse]:
    """A fresh copy of the built database."""
    with postgres_project.warehouse(built_database) as warehouse:
        yield warehouse
