"""Lists as Python writes them, such as ['Math', 'Physics']: what pandas makes of lists in CSV."""

from __future__ import annotations

import ast
import re
import warnings

import duckdb
from duckdb.func import SPECIAL

_READ = "read_python_list"
_ELEMENT = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|None)"""
# One text an element: Python joins texts without a comma between them, as NumPy writes arrays.
_LIST = re.compile(rf"(?s)\[\s*(?:{_ELEMENT}(?:\s*,\s*{_ELEMENT})*\s*,?\s*)?\]")


def add_python_lists(con: duckdb.DuckDBPyConnection) -> None:
    """Make known to a connection what the expressions of this module call."""
    con.create_function(_READ, _read, ["VARCHAR"], "VARCHAR[]", null_handling=SPECIAL)


def python_list(text: str) -> str:
    """DuckDB expression: the list of texts that a text is in Python, NULL if it is none."""
    return f"{_READ}({text})"


def _read(text: str | None) -> list[str | None] | None:
    if text is None or not _LIST.fullmatch(text):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            elements: list[str | None] = ast.literal_eval(text)
        "".join(element or "" for element in elements).encode("utf-8")
    except (ValueError, SyntaxError):
        return None
    return elements
