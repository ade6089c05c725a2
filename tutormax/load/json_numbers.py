"""The numbers of JSON as they are written: DuckDB would make 1.1 of 1.10, and cut long ones.

In a marked document each number is a string that begins with the character U+0001; a string that
begins with it in the file has it once more.
"""

from __future__ import annotations

from collections.abc import Callable

_NUMBER = r"-?(?:[0-9.]+[eE][0-9+-]+|[0-9]+\.[0-9]+0|[0-9.]{17,}|0\.00000[0-9]*)|-0"
REWRITTEN = rf"(?:^|[:\[,])\s*(?:{_NUMBER})\s*(?:[,\]}}]|$)"
"""Pattern of the numbers that DuckDB writes in another way; it may match a string too."""

_TOKEN = r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|[^"0-9-]+|-'
_IS_NUMBER = "regexp_matches(t, '^-?[0-9]')"
_MARK = r"\u0001"

# What DuckDB may have made of such a number, alone or in an array or object.
_ALONE = r"^(?:0$|-?[0-9]+[.e])"
_INSIDE = r"[0-9][.e][0-9+-]|[\[:,]0[,\]}]"


def may_be_rewritten(text: str, nested: bool) -> str:
    """DuckDB expression: whether DuckDB may have made this text of another of a JSON file.

    `nested` tells that an array or object can be in the text.
    """
    # Few texts begin like this, and a pattern takes longer.
    alone = f"{text} < ':' AND regexp_matches({text}, '{_ALONE}')"
    if nested:
        inside = f"{text}[1] IN ('[', '{{') AND regexp_matches({text}, '{_INSIDE}')"
        return f"({alone} OR {inside})"
    return alone


def is_rewritten(text: str) -> str:
    """DuckDB expression: whether DuckDB may write a number of a JSON text in another way."""
    return f"regexp_matches({text}, '{REWRITTEN}')"


def numbers_quoted(text: str) -> str:
    """DuckDB expression: a valid JSON text with its numbers as strings."""
    return _each_token(text, f"CASE WHEN {_IS_NUMBER} THEN '\"' || t || '\"' ELSE t END")


def marked(text: str) -> str:
    """DuckDB expression: the marked document of a valid JSON text."""
    return _each_token(
        text,
        f"CASE WHEN {_IS_NUMBER} THEN '\"{_MARK}' || t || '\"' "
        f"WHEN starts_with(t, '\"{_MARK}') THEN '\"{_MARK}' || t[2:] ELSE t END",
    )


def compact(text: str) -> str:
    """DuckDB expression: a valid JSON text without its blanks, with its own numbers."""
    return _unmarked(f"json_extract(({marked(text)})::JSON, '$')::VARCHAR")


def string_of_marked(document: str, path: str) -> str:
    """DuckDB expression: what `json_extract_string` gives, with the document's own numbers."""
    return computed_once(
        _unmarked(f"json_extract({document}, {path})::VARCHAR"),
        lambda v: (
            f"CASE WHEN starts_with({v}, '\"') THEN json_extract_string({v}, '$') "
            f"WHEN {v} <> 'null' THEN {v} END"
        ),
    )


def computed_once(term: str, use: Callable[[str], str]) -> str:
    """DuckDB expression: what `use` makes of a term.

    The term is computed once, and only where the whole is: DuckDB computes terms that stand more
    than once in a query for every row, in branches of a CASE too.
    """
    name = f"once_{len(term)}"
    return f"list_transform([{term}], lambda {name}: {use(name)})[1]"


def _unmarked(text: str) -> str:
    start = len(_MARK) + 2
    return _each_token(
        text,
        f"CASE WHEN starts_with(t, '\"{_MARK}{_MARK}') THEN '\"' || t[{start}:] "
        f"WHEN starts_with(t, '\"{_MARK}') THEN t[{start}:-2] ELSE t END",
    )


def _each_token(text: str, token: str) -> str:
    tokens = f"regexp_extract_all({text}, '{_TOKEN}')"
    return f"array_to_string(list_transform({tokens}, lambda t: {token}), '')"
