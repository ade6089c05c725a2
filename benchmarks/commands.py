"""Running commands as a user would, and what they took."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CLI = str(BIN / "tutormax")


@dataclass(frozen=True)
class Cost:
    """Wall seconds, processor seconds and peak memory (MiB) of a command, servers not counted."""

    wall: float
    processor: float
    peak: float


def run(command: list[str], env: Mapping[str, str]) -> Cost:
    """Run a command to its end, `env` added to the environment. Exits if it fails."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=os.environ | env, stdout=output, stderr=output
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        wall = time.perf_counter() - start
        if status:
            output.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{output.read().decode()[-4000:]}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 2**20)


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """Do work in a process of its own.

    The peak memory of a command is at least that of the process which started it, so what needs
    memory must not happen there.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments).result()
