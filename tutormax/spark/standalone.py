"""A standalone Spark cluster on this machine: for tests and measurements, not for production."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def standalone_cluster(folder: Path, workers: int, memory: str = "2g") -> Iterator[str]:
    """Run a master and workers of one core each on 127.0.0.1; yields the master's address.

    Args:
        folder: the working folder of the workers.
        workers: the number of workers.
        memory: of each worker, in Spark's notation.
    """
    import pyspark  # noqa: PLC0415

    home = Path(pyspark.__file__).parent
    port = _free_port()
    master = f"spark://127.0.0.1:{port}"
    node = ("--host", "127.0.0.1", "--webui-port", "0")
    commands = [["master.Master", *node, "--port", str(port)]]
    for number in range(workers):
        size = ("--cores", "1", "--memory", memory, "--work-dir", str(folder / f"worker-{number}"))
        commands.append(["worker.Worker", *node, *size, master])
    processes = [
        subprocess.Popen(
            [home / "bin" / "spark-class", f"org.apache.spark.deploy.{name}", *words],
            env=os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"},
            stderr=subprocess.DEVNULL,
        )
        for name, *words in commands
    ]
    try:
        yield master
    finally:
        for process in processes:
            process.terminate()
            process.wait(timeout=60)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
