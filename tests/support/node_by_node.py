"""A build as orchestrators run it: a process of dbt for each node, several at once."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from support.project import environment
from support.warehouses.postgres import Fork, PostgresWarehouse

VERBS = {"model": "run", "seed": "seed"}


def nodes_in_order(manifest: Any, kinds: Collection[str] = tuple(VERBS)) -> dict[str, list[str]]:
    """The nodes of some kinds, each with those among them that it reads, which come first."""
    parents = {
        name: [parent for parent in node.depends_on.nodes if parent in manifest.nodes]
        if node.resource_type != "seed"
        else []
        for name, node in manifest.nodes.items()
        if node.resource_type in kinds
    }
    ordered: dict[str, list[str]] = {}
    while len(ordered) < len(parents):
        ordered |= {
            name: needed
            for name, needed in parents.items()
            if name not in ordered and all(parent in ordered for parent in needed)
        }
    return ordered


def nodes_before(last: str, ordered: dict[str, list[str]]) -> dict[str, list[str]]:
    """A node, and of the nodes in order those that it reads, however far away."""
    found = {last}
    for node, needed in reversed(ordered.items()):
        if node in found:
            found.update(needed)
    return {node: needed for node, needed in ordered.items() if node in found}


def words_of(node: str) -> tuple[str, ...]:
    """The words with which dbt builds one node."""
    kind, _, name = node.split(".", maxsplit=2)
    return VERBS[kind], "--select", name


class NodesFailedError(Exception):
    """Nodes whose process failed, with what it printed."""


def run_node_by_node(
    warehouse: PostgresWarehouse,
    nodes: Mapping[str, Sequence[str]],
    env: Mapping[str, str],
    *,
    killed: Collection[str] = (),
    at_once: int = 4,
) -> None:
    """Run each node in a process of its own as soon as what it reads is built.

    The first process of each node in `killed` is killed while it runs, and the node runs again.
    """
    waiting, done = dict(nodes), set[str]()
    running: dict[str, tuple[Fork, float]] = {}
    to_kill, failures = set(killed), dict[str, str]()
    with environment(env):
        while waiting or running:
            ready = (
                node for node, needed in waiting.items() if not set(needed) & nodes.keys() - done
            )
            for node in [*ready][: at_once - len(running)]:
                del waiting[node]
                running[node] = warehouse.start(*words_of(node)), time.monotonic()
            for node, code in [*_ended(running, to_kill)]:
                fork, _ = running.pop(node)
                if node in to_kill:
                    to_kill.remove(node)
                    waiting = {node: nodes[node]} | waiting
                elif code:
                    failures[node] = fork.log.read_text()
                    waiting = {}
                else:
                    done.add(node)
            time.sleep(0.02)
    if failures:
        raise NodesFailedError(failures)


def _ended(
    running: Mapping[str, tuple[Fork, float]], to_kill: Collection[str]
) -> Iterator[tuple[str, int]]:
    for node, (fork, begin) in running.items():
        if node in to_kill and time.monotonic() - begin > 0.5:
            fork.kill()
        pid, status = os.waitpid(fork.pid, os.WNOHANG)
        if pid:
            yield node, os.waitstatus_to_exitcode(status)
