"""What pytest says of the time that is left."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.progress import expectation
from support.project import REPOSITORY


def test_a_case_that_is_new_takes_what_others_of_its_function_took() -> None:
    expected = expectation({"a.py::slow[1]": 20, "a.py::quick": 2, "b.py::one": 8})
    assert expected("a.py::slow[1]") == 20
    assert expected("a.py::slow[2]") == 20
    assert expected("a.py::new") == 11
    assert expected("c.py::new") == 10


DEPTHS = """
import pytest

@pytest.mark.deep
def test_long(): pass

@pytest.mark.deep("b")
@pytest.mark.parametrize("engine", ["a", "b"])
def test_engines(engine): pass

@pytest.mark.depth("n", quick=[1], deep=[1, 2])
def test_cases(n): pass

def test_more_of(deep): pass

def test_usual(): pass
"""


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], {"engines[a]", "cases[1]", "more_of", "usual"}),
        (["--deep"], {"long", "engines[b]", "cases[2]", "more_of"}),
    ],
)
def test_a_deep_run_has_what_others_leave_out_and_no_more(
    words: list[str], wanted: set[str], tmp_path: Path
) -> None:
    """The first deep run does not know how long it takes, and does not promise minutes."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "test_one.py").write_text(DEPTHS)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-v", *words),
            *("-p", "support.depth", "-p", "support.progress", "--rootdir", tmp_path, tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY / "tests",
    )
    told = done.stdout + done.stderr
    assert set(re.findall(r"% +test_one\.py::test_(\S+)", told)) == wanted, told
    assert ("0% of 4 tests: some hours on 1 workers" in told) is bool(words), told
