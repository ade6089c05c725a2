"""Processes and ports of this machine, as a private server needs them."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

HOST = "127.0.0.1"
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def kernel_watches() -> bool:
    """Whether the kernel ends a child of this thread when its parent ends."""
    # Linux signals when the thread that started the child ends, so only the main thread.
    return sys.platform == "linux" and threading.current_thread() is threading.main_thread()


def die_with_parent() -> Callable[[], None]:
    """What a child runs before its program, so that it ends with its parent."""
    prctl = ctypes.CDLL(None).prctl  # loaded before the fork, after which little is safe
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
        if os.getppid() != parent:  # the parent died meanwhile
            os._exit(1)

    return ask_kernel


def works_on(pid: int, cluster: Path) -> bool:
    """Whether a process is alive and names the cluster on its command line."""
    if sys.platform == "linux":
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return os.fsencode(cluster) in words
    shown = subprocess.run(
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return str(cluster) in shown.stdout


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
