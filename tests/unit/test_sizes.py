"""Files stay small enough to be read at once."""

from __future__ import annotations

import subprocess

import pytest

from support.project import REPOSITORY

LIMITS = {"*.py": 400, "macros/*.sql": 400, "models/*.sql": 150}


@pytest.mark.parametrize("pattern", LIMITS)
def test_no_file_is_longer(pattern: str) -> None:
    listed = subprocess.run(
        ["git", "ls-files", pattern], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    lines = {
        name: (REPOSITORY / name).read_text(encoding="utf-8").count("\n")
        for name in listed.stdout.splitlines()
        if (REPOSITORY / name).is_file()
    }
    assert len(lines) > 20
    assert {name: n for name, n in lines.items() if n > LIMITS[pattern]} == {}
