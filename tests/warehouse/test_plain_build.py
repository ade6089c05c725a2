"""Plain `dbt build`, with every data test and unit test, on a small sample with spoiled rows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.project import REPOSITORY as PROJECT

BIN = Path(sys.executable).parent


def test_dbt_build_passes_every_test(tmp_path: Path) -> None:
    env = os.environ | {
        "TUTORMAX_DUCKDB_PATH": str(tmp_path / "warehouse.duckdb"),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }
    sample = ["--days", "20", "--tutors", "40", "--sessions-per-day", "60", "--dirt", "0.2"]
    for command in (
        [str(BIN / "tutormax"), "generate", "--out", str(tmp_path / "raw"), *sample],
        [str(BIN / "tutormax"), "load", str(tmp_path / "raw")],
        [str(BIN / "dbt"), "build"],
    ):
        done = subprocess.run(
            command, check=False, cwd=PROJECT, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "WARN=0 ERROR=0 SKIP=0" in done.stdout
