"""JSON that readers take differently: objects that have a key twice, and deep nesting."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any

import duckdb

from tutormax.load.json_numbers import computed_once

_HAS = "has_repeated_key"
_IS_DEEP = "nests_too_deep"
_GATHERED = "with_keys_gathered"
# Deeper ones exhaust the stack of PostgreSQL, and that of Python.
_MOST_LEVELS = 499
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


def add_functions(con: duckdb.DuckDBPyConnection) -> None:
    """Make known to a connection what the expressions of this module call."""
    con.create_function(_HAS, _has_repeated_key, ["VARCHAR"], "BOOLEAN")
    con.create_function(_IS_DEEP, _nests_too_deep, ["VARCHAR"], "BOOLEAN")
    con.create_function(_GATHERED, _with_keys_gathered, ["VARCHAR"], "VARCHAR")


def nests_too_deep(text: str) -> str:
    """DuckDB expression: whether a valid JSON text is nested deeper than a database can hold."""
    # A level has two brackets.
    return f"CASE WHEN length({text}) <= {2 * _MOST_LEVELS} THEN false ELSE {_IS_DEEP}({text}) END"


def repeats_a_key(document: str) -> str:
    """DuckDB expression: whether the object of a JSON expression has a key twice, nested or not."""
    # A second key stands behind a comma; CASE spares Python most documents, AND would not.
    text = f"{document}::VARCHAR"
    return (
        f"CASE WHEN NOT contains({text}, ',') THEN false WHEN contains(({text})[2:], '{{') "
        f"THEN {_HAS}({text}) ELSE {repeats_a_name(document)} END"
    )


def repeats_a_name(document: str) -> str:
    """The same, of the object's own keys alone."""
    # To count distinct keys takes long, and most objects have one or two.
    return computed_once(
        f"json_keys({document})",
        lambda k: (
            f"CASE WHEN len({k}) < 2 THEN false WHEN len({k}) = 2 THEN {k}[1] = {k}[2] "
            f"ELSE list_unique({k}) < len({k}) END"
        ),
    )


def with_keys_gathered(document: str) -> str:
    """DuckDB expression: the JSON document with all values of a repeated key in an array."""
    return f"{_GATHERED}({document}::VARCHAR)::JSON"


def _nests_too_deep(text: str) -> bool:
    marks = _STRING_OR_BRACKET.findall(text)
    return max(accumulate(_STEPS.get(mark, 0) for mark in marks), default=0) > _MOST_LEVELS


def _has_repeated_key(text: str) -> bool:
    if _nests_too_deep(text):
        return False
    found: list[bool] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        found.append(len({key for key, _ in pairs}) < len(pairs))

    json.loads(text, object_pairs_hook=look)
    return any(found)


def _with_keys_gathered(text: str) -> str:
    if _nests_too_deep(text):
        return text

    def gather(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values: dict[str, list[Any]] = {}
        for key, value in pairs:
            values.setdefault(key, []).append(value)
        return {key: all_ if len(all_) > 1 else all_[0] for key, all_ in values.items()}

    return json.dumps(json.loads(text, object_pairs_hook=gather), ensure_ascii=False)
