"""Work in forked processes, each with a limit of processor time."""

from __future__ import annotations

import os
import pickle
import resource
import select
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

Job = TypeVar("Job")


class Child:
    """A forked process that computes something, in so many seconds of a processor at most."""

    def __init__(self, work: Callable[[], Any], seconds: int = resource.RLIM_INFINITY) -> None:
        receiver, sender = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.close(receiver)
                resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
                data = pickle.dumps(work())
                with os.fdopen(sender, "wb") as pipe:
                    pipe.write(data)
                status = 0
            except BaseException as error:
                print(f"{type(error).__name__}: {error}"[:2000], flush=True)
            finally:
                os._exit(status)
        os.close(sender)
        self.receiver = receiver

    def result(self) -> Any:
        """What the work returned; None if its processor time ran out, as in an endless loop.

        Raises:
            RuntimeError: the work itself failed; what it printed says why.
        """
        with os.fdopen(self.receiver, "rb") as pipe:
            data = pipe.read()
        ended = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        if ended > 0:
            raise RuntimeError("A mutant could not be judged; the reason stands above.")
        return pickle.loads(data) if data else None


def in_children(
    jobs: Iterable[tuple[Job, Callable[[], Any]]], processes: int, seconds: int
) -> Iterator[tuple[Job, Any]]:
    """Run work in forked processes, so many at once; give each result as it is done."""
    waiting = iter(jobs)
    running: dict[int, tuple[Job, Child]] = {}
    while True:
        while len(running) < processes and (found := next(waiting, None)) is not None:
            child = Child(found[1], seconds)
            running[child.receiver] = found[0], child
        if not running:
            return
        for receiver in select.select(list(running), [], [])[0]:
            job, child = running.pop(receiver)
            yield job, child.result()
