"""Builds that are killed leave nothing behind that the next build does not put right."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.replay.stores import ANYTHING_GOES, DuckDBStore, assert_equals_full_build, build
from support.replay.worlds import random_slices
from support.warehouses.duckdb import FILE_NAME, REPOSITORY, Project


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="module")
def template(parsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBStore]:
    yield DuckDBStore(Project(parsed), tmp_path_factory.mktemp("template"))


def build_and_kill(store: DuckDBStore, parsed: Path, rng: random.Random) -> None:
    """Run dbt in a process of its own, and kill it in the midst of some model."""
    # dbt parses nothing anew if the file lies where it lay when the project was parsed.
    place = parsed / FILE_NAME
    shutil.copytree(parsed / "target", store.folder / "target", dirs_exist_ok=True)
    store.path.rename(place)
    dbt = subprocess.Popen(
        [
            *(Path(sys.executable).with_name("dbt"), "run"),
            *("--project-dir", REPOSITORY, "--profiles-dir", REPOSITORY),
            *("--target-path", store.folder / "target", "--log-path", store.folder / "logs"),
            *("--vars", json.dumps(ANYTHING_GOES)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TUTORMAX_DUCKDB_PATH": str(place), "PYTHONUNBUFFERED": "1"},
    )
    assert dbt.stdout is not None
    last = rng.randrange(len(store.models))
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
    for path in parsed.glob(f"{FILE_NAME}*"):
        path.rename(store.folder / path.name)


@pytest.mark.parametrize("seed", range(1000, 1003))
def test_killed_builds(seed: int, parsed: Path, template: DuckDBStore, tmp_path: Path) -> None:
    rng = random.Random(f"kill {seed}")
    store = DuckDBStore(template.project, tmp_path, template.path)
    slices = random_slices(seed)[:4]
    for held in slices:
        store.insert(held)
        if held is slices[0] and rng.random() < 0.5:
            build(store)
        else:
            build_and_kill(store, parsed, rng)
    build(store)
    assert_equals_full_build(store)
