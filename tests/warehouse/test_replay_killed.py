"""Builds that are killed leave nothing behind that the next build does not put right."""

from __future__ import annotations

import random
import subprocess

import pytest

from support.project import dbt_command, kept_models
from support.replay.whims import ANYTHING_GOES, assert_equals_full_build, build
from support.replay.worlds import random_slices
from support.warehouses import DuckDbWarehouse


def build_and_kill(warehouse: DuckDbWarehouse, rng: random.Random) -> None:
    """Run dbt in a process of its own, and kill it in the midst of some model."""
    last = rng.randrange(len(kept_models(warehouse.project.manifest)))
    with warehouse.project.in_place(warehouse.path, ANYTHING_GOES) as (options, env):
        dbt = subprocess.Popen(
            dbt_command("run", *options),
            stdout=subprocess.PIPE,
            text=True,
            env=env | {"PYTHONUNBUFFERED": "1"},
        )
        assert dbt.stdout is not None
        starts = 0
        for line in dbt.stdout:
            starts += " START sql " in line
            if starts > last:
                break
        assert starts > last, "dbt ended before it could be killed"
        try:
            # It may be a moment before the model changes its table, or one after.
            dbt.wait(timeout=rng.random() / 3)
        except subprocess.TimeoutExpired:
            dbt.kill()
        dbt.stdout.close()
        dbt.wait()


@pytest.mark.depth("seed", quick=[1000], deep=range(1000, 1040))
def test_killed_builds(seed: int, seeded: DuckDbWarehouse, deep: bool) -> None:
    rng = random.Random(f"kill {seed}")
    slices = random_slices(seed)[: 4 if deep else 2]
    with seeded.copy() as warehouse:
        for held in slices:
            warehouse.insert(held)
            if held is slices[0] and rng.random() < 0.5:
                build(warehouse)
            else:
                build_and_kill(warehouse, rng)
        build(warehouse)
        assert_equals_full_build(warehouse, seeded)
