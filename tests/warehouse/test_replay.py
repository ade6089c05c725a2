"""Slices, built one after the other, give what one full build gives: on DuckDB."""

from __future__ import annotations

import pytest

from support.replay.changes import CHANGES, PAIRS_OF_CHANGES
from support.replay.whims import LEAVING, PAIRS, Whim, replay
from support.warehouses import DuckDbWarehouse


@pytest.mark.parametrize(
    ("seed", "whims"),
    [*zip((7, 50, 73, 83), PAIRS, strict=True), (10, LEAVING), *PAIRS_OF_CHANGES],
)
def test_replay_of_several_whims(
    seed: int, whims: tuple[Whim, ...], seeded: DuckDbWarehouse
) -> None:
    replay(seeded, seed, *whims)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(200))
def test_replay(seed: int, seeded: DuckDbWarehouse) -> None:
    replay(seeded, seed)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("whim", LEAVING)
def test_rows_that_leave(whim: Whim, seed: int, seeded: DuckDbWarehouse) -> None:
    replay(seeded, seed, whim)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(2000, 2050))
def test_replay_of_changes(seed: int, seeded: DuckDbWarehouse) -> None:
    replay(seeded, seed, CHANGES[seed % len(CHANGES)])
