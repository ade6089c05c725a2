"""Plain `dbt build` on a small sample with spoiled rows, and the unit tests that it leaves out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from support.project import REPOSITORY as PROJECT

BIN = Path(sys.executable).parent


def test_dbt_build_passes_every_test(tmp_path: Path) -> None:
    env = os.environ | {
        "TUTORMAX_DUCKDB_PATH": str(tmp_path / "warehouse.duckdb"),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }
    env.pop("TUTORMAX_UNIT_TESTS", None)
    with_unit_tests = env | {"TUTORMAX_UNIT_TESTS": "1"}

    def run(program: str, *words: str, env: dict[str, str] = env) -> str:
        done = subprocess.run(
            [BIN / program, *words],
            check=False,
            cwd=PROJECT,
            env=env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
        return done.stdout

    def manifest() -> dict[str, Any]:
        return json.loads((tmp_path / "target" / "manifest.json").read_text())

    def ran() -> Counter[str]:
        """How many nodes of each kind the last command ran."""
        results = json.loads((tmp_path / "target" / "run_results.json").read_text())["results"]
        return Counter(result["unique_id"].split(".")[0] for result in results)

    sample = ["--days", "20", "--tutors", "40", "--sessions-per-day", "60", "--dirt", "0.2"]
    run("tutormax", "generate", "--out", str(tmp_path / "raw"), *sample)
    run("tutormax", "load", str(tmp_path / "raw"))
    assert "WARN=0 ERROR=0 SKIP=0" in run("dbt", "build")
    data_tests = [key for key in manifest()["nodes"] if key.startswith("test.")]
    assert len(data_tests) > 200
    assert ran()["test"] == len(data_tests)
    assert ran()["unit_test"] == 0

    said = run("dbt", "test", "--select", "test_type:unit", env=with_unit_tests)
    assert "WARN=0 ERROR=0 SKIP=0" in said
    assert ran()["test"] == 0
    assert ran()["unit_test"] == len(manifest()["unit_tests"]) > 100
