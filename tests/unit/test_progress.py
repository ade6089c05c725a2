"""What pytest says of the time that is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.progress import expectation
from support.project import REPOSITORY


def test_a_case_that_is_new_takes_what_others_of_its_function_took() -> None:
    expected = expectation({"a.py::slow[1]": 20, "a.py::quick": 2, "b.py::one": 8})
    assert expected("a.py::slow[1]") == 20
    assert expected("a.py::slow[2]") == 20
    assert expected("a.py::new") == 11
    assert expected("c.py::new") == 10


def test_a_deep_run_that_is_the_first_does_not_promise_minutes(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "test_one.py").write_text("def test_one(): pass")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--deep"),
            *("-p", "support.depth", "-p", "support.progress", "--rootdir", tmp_path, tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY / "tests",
    )
    assert "0% of 1 tests: some hours on 1 workers" in done.stdout, done.stdout + done.stderr
