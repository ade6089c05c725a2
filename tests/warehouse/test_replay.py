"""Slices, built one after the other, give what one full build gives: on DuckDB."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.replay.stores import DuckDBStore, replay, replays
from support.warehouses.duckdb import Project


@pytest.fixture(scope="module")
def template(dbt_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with empty raw and with the seeds."""
    return DuckDBStore(dbt_project, tmp_path_factory.mktemp("template")).path


@pytest.mark.parametrize("seed", range(replays(0)))
def test_replay(seed: int, dbt_project: Project, template: Path, tmp_path: Path) -> None:
    replay(DuckDBStore(dbt_project, tmp_path, template), seed)
