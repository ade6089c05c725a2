"""Commands as people type them, in a copy of the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from support.project import REPOSITORY as PROJECT


def shell_blocks(document: str) -> list[str]:
    """The fenced blocks of shell commands in a Markdown text."""
    return re.findall(r"```sh\n(.*?)```", document, flags=re.DOTALL)


def copy_repository(folder: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in listed.stdout.splitlines():
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    (folder / ".venv").symlink_to(PROJECT / ".venv")
    for stamp in ("run.stamp", "extras.stamp", "spark.stamp", "dev.stamp"):
        (PROJECT / ".venv" / stamp).touch()


def run(folder: Path, command: str, *, with_errors: bool = False) -> str:
    """Run lines in bash as a user would; their output, and what they say as errors if wanted.

    Fails the test if a command fails.
    """
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TUTORMAX_", "DBT_", "PYTEST_", "MAKE", "MFLAGS"))
    }
    done = subprocess.run(
        ["bash", "-ec", command],
        check=False,
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + (done.stderr if with_errors else "")
