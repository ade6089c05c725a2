"""The dev container: what it installs can be had, and it runs what the README does."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import pytest

from support.project import REPOSITORY

FOLDER = REPOSITORY / ".devcontainer"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()


def packages() -> list[str]:
    """What Debian's package manager is to install."""
    found = re.search(r"apt-get install ((?:[^&]|\\\n)*)", DOCKERFILE)
    assert found
    return [word for word in found.group(1).split() if word[0] not in "-\\"]


def test_it_builds_as_a_user_who_may_run_postgres() -> None:
    declared = json.loads((FOLDER / "devcontainer.json").read_text())
    assert declared["build"]["dockerfile"] == "Dockerfile"
    assert declared["postCreateCommand"] == "make build"
    assert f"useradd --create-home --shell /bin/bash {declared['remoteUser']}\n" in DOCKERFILE
    assert DOCKERFILE.strip().endswith(f"USER {declared['remoteUser']}")
    assert {"make", "git"} <= {*packages()}


@pytest.mark.deep
@pytest.mark.skipif(
    shutil.which("apt-get") is None or os.geteuid() != 0, reason="only root on Debian can try"
)
def test_what_it_installs_can_be_installed() -> None:
    """To build it needs a daemon; to see whether Debian has the packages does not."""
    subprocess.run(["apt-get", "update"], check=True, capture_output=True)
    words = ["apt-get", "install", "--simulate", "--yes", "--no-install-recommends", *packages()]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
