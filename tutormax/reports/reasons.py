"""What each rejection reason means: the table in `models/_docs/rules.md`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_ROW = re.compile(r"^\| (`.+`) \| (.+) \| (.+) \|$", re.MULTILINE)


class Meaning(NamedTuple):
    """What some reasons mean, and which sources give them."""

    reasons: tuple[str, ...]
    tables: tuple[str, ...]
    text: str


def read_meanings(project: Path) -> list[Meaning]:
    """The rows of the table."""
    text = (project / "models" / "_docs" / "rules.md").read_text(encoding="utf-8")
    return [
        Meaning(tuple(re.findall("`(.+?)`", reasons)), tuple(tables.split(", ")), meaning)
        for reasons, tables, meaning in _ROW.findall(text)
    ]
