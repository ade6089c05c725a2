"""Files that may hold personal values are for their owner alone, and never behind a link."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tutormax.errors import UserError


@contextmanager
def private_files() -> Iterator[None]:
    """Create files and folders meanwhile that nobody else on this machine can read."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def refuse_link(folder: Path, option: str) -> None:
    """Refuse to write into a folder that is a link: somebody else may have put it there.

    Raises:
        UserError: it is one.
    """
    if folder.is_symlink():
        raise UserError(f"{folder} is a link to another folder; name that folder with {option}.")


def folders_of_dbt() -> tuple[Path, Path]:
    """The folders of dbt's log, which has previews of rows, and of its artifacts."""
    return (
        Path(os.environ.get("DBT_LOG_PATH") or "logs"),
        Path(os.environ.get("DBT_TARGET_PATH") or "target"),
    )


def is_open(path: Path) -> bool:
    """Return whether a file or folder exists and others can read it."""
    return path.exists() and bool(path.stat().st_mode & 0o044)
