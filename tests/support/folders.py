"""Folders that another account may use."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def temporary_open_folder(prefix: str = "tutormax-") -> Iterator[Path]:
    """Give a folder that every account may pass through.

    pytest's own are closed to others, and a server that root starts runs as another account.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def folder_of_run(name: str) -> Iterator[Path]:
    """Give an open folder, and first remove what killed runs of that name have left.

    A run holds a lock in its folder, and so does what it forked, for as long as it lives.
    """
    prefix = f"tutormax-{name}-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError), (left / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left)
    with temporary_open_folder(prefix) as folder, (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
