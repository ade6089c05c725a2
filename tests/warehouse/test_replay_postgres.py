"""Slices, built one after the other, give what one full build gives: on PostgreSQL."""

from __future__ import annotations

import pytest

from support.replay.changes import CHANGES
from support.replay.whims import LEAVING, PAIRS, Whim, replay
from support.warehouses import PostgresWarehouse


@pytest.mark.parametrize(("seed", "whims"), zip((195, 33, 142, 108), PAIRS, strict=True))
def test_replay_of_two_whims(
    seed: int, whims: tuple[Whim, ...], seeded_on_postgres: PostgresWarehouse
) -> None:
    replay(seeded_on_postgres, seed, *whims)


@pytest.mark.deep
@pytest.mark.parametrize("seed", [*range(40), 98, 108, 142, 168, 195])
def test_replay(seed: int, seeded_on_postgres: PostgresWarehouse) -> None:
    replay(seeded_on_postgres, seed)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("whim", LEAVING)
def test_rows_that_leave(whim: Whim, seed: int, seeded_on_postgres: PostgresWarehouse) -> None:
    replay(seeded_on_postgres, seed, whim)


@pytest.mark.depth("seed", quick=[2030], deep=range(2020, 2040))
def test_replay_of_changes(seed: int, seeded_on_postgres: PostgresWarehouse) -> None:
    replay(seeded_on_postgres, seed, CHANGES[seed % len(CHANGES)])
