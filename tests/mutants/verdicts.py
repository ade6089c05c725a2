"""How a mutant fares: killed, stillborn or survived."""

from __future__ import annotations

import re
from dataclasses import dataclass

from steps import Step, refused

from support.project import Build

STILLBORN = re.compile(
    r"Compilation Error|(Parser|Binder|Catalog|Syntax|Not implemented) Error|enforced contract"
    r"|must be an aggregate|Could not find|invalid literal"
)
FUSE = "This build would remove"


@dataclass(frozen=True)
class Verdict:
    """How a mutant fared: killed, stillborn or survived, and by what."""

    fate: str
    by: str = ""


def ended_well(done: Build, step: Step) -> bool:
    """Whether a build succeeded, or was refused where it should be."""
    return FUSE in done.message if step is refused else done.succeeded


def of_failure(done: Build, where: str) -> Verdict:
    if done.succeeded:
        return Verdict("killed", "the fuse does not blow")
    broken = STILLBORN.search(done.message)
    if broken and FUSE not in done.message:
        return Verdict("stillborn", broken[0])
    return Verdict("killed", name_of_failure(done.message, where))


def name_of_failure(message: str, where: str) -> str:
    found = re.search(r"unit_test (\w+)|in (?:model|test|unit_test) (\w+)", message)
    return f"{where} {found[1] or found[2]}" if found else f"{where}: {message[:200]}"
