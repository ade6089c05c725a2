"""`tutormax postgres`, and what tests ask of its server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tutormax.cli import app

NAMING = ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")
URL = re.compile(r"postgresql://tutormax:[0-9a-f]{32}@127\.0\.0\.1:\d+/tutormax\n")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


def environment(**more: str) -> dict[str, str]:
    unnamed = {f"TUTORMAX_PG_{name}" for name in NAMING}
    return {k: v for k, v in os.environ.items() if k not in unnamed} | more


def tutormax(*words: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `tutormax postgres …` in this process."""
    out, err, code = StringIO(), StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["tutormax", "postgres", *map(str, words)])
        for name in NAMING:
            patch.delenv(f"TUTORMAX_PG_{name}", raising=False)
        for name, value in env.items():
            patch.setenv(name, value)
        try:
            app()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


IN_ORDER = """
import sys
from tutormax.cli import app
words, *options = sys.argv[1:]
for word in words.split():
    sys.argv[1:] = ["postgres", word, *options]
    try:
        app()
    except SystemExit as ended:
        print(word, ended.code or 0, flush=True)
"""


def process(
    words: str, *options: str | Path, python: str = sys.executable, **how: Any
) -> subprocess.Popen[str]:
    """Run commands of `tutormax postgres` one after the other in a process of their own.

    After each it prints its word and exit code.
    """
    return subprocess.Popen(
        [python, "-c", IN_ORDER, words, *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        **{"env": environment()} | how,
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
