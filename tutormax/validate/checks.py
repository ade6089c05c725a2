"""A check: an expectation of Great Expectations, and the data it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tutormax.validate.tables import TableContract

if TYPE_CHECKING:
    import pandas as pd

SAMPLE = 5
"""The most keys that a line names."""


@dataclass(frozen=True)
class Check:
    """An expectation, with the message if it is broken.

    It is about the rows of the table, the number that `query` returns, or `frame`. `broken` is the
    SQL condition of rows that break it, to find their keys. `observed` describes the actual value
    if it is not a count of rows; `{value}` is what the query returns first, `{0}` what comes next.
    """

    table: TableContract
    rule: str
    columns: tuple[str, ...]
    expected: str
    expectation: str
    arguments: Mapping[str, Any]
    query: str | None = None
    frame: pd.DataFrame | None = field(default=None, compare=False)
    broken: str | None = None
    observed: str | None = None

    @property
    def name(self) -> str:
        """Table, columns and rule: `raw.sessions.duration_minutes type`."""
        columns = f".{'+'.join(self.columns)}" if self.columns else ""
        return f"{self.table.label}{columns} {self.rule}"

    @property
    def is_of_rows(self) -> bool:
        """Whether the check is about rows of the table."""
        return self.query is None and self.frame is None


@dataclass(frozen=True)
class Result:
    """A result: `found` describes the actual value; `keys` are of rows that break the check."""

    check: Check
    success: bool
    found: str
    keys: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The one line for a broken expectation."""
        names = f", such as {', '.join(self.keys)}" if self.keys else ""
        return f"{self.check.name}: expected {self.check.expected}; {self.found}{names}."
