"""A PostgreSQL that sorts and folds letters as people's locales do."""

from __future__ import annotations

import locale
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.folders import temporary_open_folder
from tutormax.postgres.server import LocalServer

LOCALES = ("en_US", "tr_TR")
"""Letters before case, and a capital I that is not that of i."""


@contextmanager
def server_with_locales() -> Iterator[str]:
    """The URL of a server on which databases can have `LOCALES`, in UTF-8.

    They are compiled from what the C library brings, where the machine does not have them.
    """
    with temporary_open_folder() as folder, pytest.MonkeyPatch.context() as patch:
        if shutil.which("localedef"):
            _compile(folder)
            patch.setenv("LOCPATH", f"{folder}:/usr/lib/locale")
        server = LocalServer(folder / "data", durable=False)
        server.start(attached=True)
        try:
            yield server.url("postgres")
        finally:
            server.stop()


def usable(name: str) -> str:
    """The locale, or C if the machine has none of that name and cannot make it."""
    before = locale.setlocale(locale.LC_COLLATE)
    try:
        locale.setlocale(locale.LC_COLLATE, name)
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_COLLATE, before)
    return name


def _compile(folder: Path) -> None:
    for name in LOCALES:
        subprocess.run(
            ["localedef", "-i", name, "-f", "UTF-8", folder / f"{name}.UTF-8"],
            capture_output=True,
            check=False,
            env=os.environ | {"LC_ALL": "C"},
        )
        if (folder / f"{name}.UTF-8").exists():
            for path in (folder / f"{name}.UTF-8").rglob("*"):
                path.chmod(0o755 if path.is_dir() else 0o644)
            (folder / f"{name}.UTF-8").chmod(0o755)
