"""Folders that another account may use."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def temporary_open_folder() -> Iterator[Path]:
    """Give a folder that every account may pass through.

    pytest's own are closed to others, and a server that root starts runs as another account.
    """
    folder = Path(tempfile.mkdtemp(prefix="tutormax-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
