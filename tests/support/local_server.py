"""`tutormax postgres` in a process of its own, and what tests ask of its server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

NAMING = ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")
URL = re.compile(r"postgresql://tutormax:[0-9a-f]{32}@127\.0\.0\.1:\d+/tutormax\n")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


def environment(**more: str) -> dict[str, str]:
    unnamed = {f"TUTORMAX_PG_{name}" for name in NAMING}
    return {k: v for k, v in os.environ.items() if k not in unnamed} | more


def tutormax(
    *words: str | Path, user: str | None = None, python: str = sys.executable, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run `tutormax postgres …` in a process of its own."""
    return subprocess.run(
        [python, "-c", "from tutormax.cli import app; app()", "postgres", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=environment(**env),
        user=user,
        group=None if user is None else account_group(user),
        extra_groups=None if user is None else [],
        timeout=120,
    )


def account_group(user: str) -> int:
    import pwd  # noqa: PLC0415

    return pwd.getpwnam(user).pw_gid


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """Check that a command ended in one sentence, and return it."""
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert re.fullmatch(r"Error: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def eventually(happens: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
