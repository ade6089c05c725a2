"""What the processes below this one hold in memory, and files below a folder on disk."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

SECONDS = 1.0


@dataclass(frozen=True)
class Seen:
    """Bytes: memory at its peak, what was stored in the end, and at most beside it."""

    memory: int
    stored: int
    scratch: int


class Watch:
    """Looks every second, in a thread, from `begin` to `end`.

    Memory shared between processes counts once where the system tells (Linux). Disk is counted from
    what lay below the folder at first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._before = size(folder)
        self._memory = self._most = 0

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> Seen:
        self._over.set()
        self._thread.join()
        stored = size(self._folder)
        return Seen(self._memory, stored - self._before, max(0, self._most - stored))

    def _look(self) -> None:
        while not self._over.wait(SECONDS):
            self._memory = max(self._memory, memory())
            self._most = max(self._most, size(self._folder))


def memory() -> int:
    """Bytes that the descendants of this process hold."""
    total = 0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            held = process.memory_full_info()
            total += getattr(held, "pss", held.uss)
    return total


def size(folder: Path) -> int:
    """Bytes of the files below a folder, as the disk stores them."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                found = os.lstat(os.path.join(place, name))  # noqa: PTH118
                total += found.st_blocks * 512
    return total
