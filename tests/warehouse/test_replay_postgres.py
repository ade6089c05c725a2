"""Slices, built one after the other, give what one full build gives: on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.replay.changes import CHANGES
from support.replay.whims import LEAVING, PAIRS, Whim, load_seeds, replay
from support.warehouses import NewPostgres, PostgresWarehouse


@pytest.fixture(scope="module")
def seeded(new_postgres: NewPostgres) -> Iterator[PostgresWarehouse]:
    with new_postgres() as warehouse:
        yield load_seeds(warehouse)


@pytest.mark.parametrize(("seed", "whims"), zip((195, 33, 142, 108), PAIRS, strict=True))
def test_replay_of_two_whims(seed: int, whims: tuple[Whim, ...], seeded: PostgresWarehouse) -> None:
    replay(seeded, seed, *whims)


@pytest.mark.deep
@pytest.mark.parametrize("seed", [*range(40), 98, 108, 142, 168, 195])
def test_replay(seed: int, seeded: PostgresWarehouse) -> None:
    replay(seeded, seed)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("whim", LEAVING)
def test_rows_that_leave(whim: Whim, seed: int, seeded: PostgresWarehouse) -> None:
    replay(seeded, seed, whim)


@pytest.mark.depth("seed", quick=[2030], deep=range(2000, 2040))
def test_replay_of_changes(seed: int, seeded: PostgresWarehouse) -> None:
    replay(seeded, seed, CHANGES[seed % len(CHANGES)])
