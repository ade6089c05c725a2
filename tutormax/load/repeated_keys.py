"""JSON objects that have a key twice: which value counts differs from reader to reader."""

from __future__ import annotations

import json
from typing import Any

import duckdb

from tutormax.load.json_numbers import computed_once

_HAS = "has_repeated_key"
_GATHERED = "with_keys_gathered"


def add_functions(con: duckdb.DuckDBPyConnection) -> None:
    """Make known to a connection what the expressions of this module call."""
    con.create_function(_HAS, _has_repeated_key, ["VARCHAR"], "BOOLEAN")
    con.create_function(_GATHERED, _with_keys_gathered, ["VARCHAR"], "VARCHAR")


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


def _has_repeated_key(text: str) -> bool:
    found: list[bool] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        found.append(len({key for key, _ in pairs}) < len(pairs))

    json.loads(text, object_pairs_hook=look)
    return any(found)


def _with_keys_gathered(text: str) -> str:
    def gather(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values: dict[str, list[Any]] = {}
        for key, value in pairs:
            values.setdefault(key, []).append(value)
        return {key: all_ if len(all_) > 1 else all_[0] for key, all_ in values.items()}

    return json.dumps(json.loads(text, object_pairs_hook=gather), ensure_ascii=False)
