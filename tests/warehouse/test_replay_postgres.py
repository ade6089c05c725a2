"""Slices, built one after the other, give what one full build gives: on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.replay.stores import PostgresStore, replay, replays
from support.warehouses.postgres import PostgresProject


@pytest.fixture(scope="module")
def template(postgres_project: PostgresProject) -> str:
    """The name of a database with empty raw and with the seeds."""
    with postgres_project.warehouse() as warehouse:
        seeded = postgres_project.run("seed")
        assert seeded.succeeded, seeded.message
        return warehouse.keep()


@pytest.fixture
def store(postgres_project: PostgresProject, template: str) -> Iterator[PostgresStore]:
    with postgres_project.warehouse(template) as warehouse:
        yield PostgresStore(warehouse)


@pytest.mark.parametrize("seed", range(replays(1)))
def test_replay(seed: int, store: PostgresStore) -> None:
    replay(store, seed)
