"""Slices, built one after the other, give what one full build gives: on DuckDB."""

from __future__ import annotations

import pytest

from support.replay.changes import CHANGES
from support.replay.whims import LEAVING, Whim, load_seeds, replay
from support.warehouses import DuckDbWarehouse, NewDuckDb


@pytest.fixture(scope="module")
def seeded(new_warehouse: NewDuckDb) -> DuckDbWarehouse:
    return load_seeds(new_warehouse())


@pytest.mark.depth("seed", quick=[0, 5, 6, 7, 12, 50, 73, 83], deep=range(200))
def test_replay(seed: int, seeded: DuckDbWarehouse) -> None:
    replay(seeded, seed)


@pytest.mark.depth("seed", quick=[10], deep=range(40))
@pytest.mark.parametrize("whim", LEAVING)
def test_rows_that_leave(whim: Whim, seed: int, seeded: DuckDbWarehouse) -> None:
    replay(seeded, seed, whim)


@pytest.mark.depth("seed", quick=[2030, 2041, 2022, 2058, 2064], deep=range(2000, 2100))
def test_replay_of_changes(seed: int, seeded: DuckDbWarehouse) -> None:
    replay(seeded, seed, CHANGES[seed % len(CHANGES)])
