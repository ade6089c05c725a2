"""Random cells for `tutormax load`, each with what raw must hold of it, known from how it was made.

Nothing here reads a text: a value is chosen first, then a spelling of it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tutormax.load.columns import Kind


@dataclass(frozen=True)
class Word:
    """A value that is no other: what stands for `UNREADABLE`."""

    name: str

    def __repr__(self) -> str:
        return self.name


UNREADABLE = Word("UNREADABLE")


@dataclass(frozen=True, repr=False)
class Cell:
    """A cell: its `text` in the file, and the `value` that raw must have, or `UNREADABLE`.

    `fragment` is what stands for it in JSON if that is not the text in quotes. `typed` is the value
    that a typed column of Parquet has for it, if there is one.
    """

    text: str | None
    value: Any
    fragment: str | None = None
    typed: Any = None

    def json(self) -> str:
        if self.fragment is not None:
            return self.fragment
        return json.dumps(self.text)

    def __repr__(self) -> str:
        text = self.text if self.fragment is None else self.fragment
        return f"{text!r} -> {self.value!r}"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))


NULL = Cell(None, None)
Cells = st.SearchStrategy[Cell]

_ODD = [
    *('"', "'", ",", ";", "\t", "|", "\\", "{", "}", "[", "\n", "\r", "\r\n", "\0", " ", "\\N"),
    *("\u00a0", "\u2003", "\ufeff", "\u2028", "\x1c", "\x85", "é", "e\u0301", "İ", "ß", "😀", "名"),
]
_WORDS = [
    "null",
    "NULL",
    "NaN",
    "\\N",
    "N/A",
    "true",
    "0",
    "-0",
    "1e5",
    "\\.",
    "x" * 9000,
    "é" * 3000,
]
# DuckDB would write most of these in another way.
_NUMBERS = [
    *("1.10", "1e3", "-0", "-0.0", "1E-7", "0.0000001", "2E+5", "1e21", "-3.0", "0.5"),
    *("0.12345678901234567890", "123456789012345678901234", "123456789012345678901234.56789"),
]
_HALVES = ["\ud83d", "\ude00"]


def cells(kind: Kind, form: str) -> Cells:
    """Cells of one kind for a format: csv, json (any JSON) or parquet."""
    made = {
        Kind.TEXT: _texts,
        Kind.INTEGER: _integers,
        Kind.DOUBLE: _doubles,
        Kind.BOOLEAN: _booleans,
        Kind.TIMESTAMP: _instants,
        Kind.ARRAY: _arrays,
        Kind.JSON: _documents,
    }[kind](form)
    return st.one_of(made, made, made, st.just(NULL)).map(lambda cell: _as_written(cell, form))


def _as_written(cell: Cell, form: str) -> Cell:
    # CSV has one cell for empty and absent.
    return NULL if form == "csv" and cell.text == "" else cell


def _padded(spellings: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    blanks = st.sampled_from(["", "", "", " ", "\t", "\n"])
    return st.builds(lambda before, text, after: before + text + after, blanks, spellings, blanks)


def _bad(texts: list[str]) -> Cells:
    return st.sampled_from([*texts, "", " ", "?", "x\0"]).map(lambda text: Cell(text, UNREADABLE))


def _text(form: str) -> st.SearchStrategy[str]:
    character = st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(_ODD + (_HALVES if form == "json" else [])),
    )
    return st.lists(character, max_size=6).map("".join) | st.sampled_from(_WORDS)


def _held(text: str) -> Any:
    """What raw must hold of a text: two halves of a pair are one character, one is none."""
    try:
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return UNREADABLE
    return UNREADABLE if "\0" in whole else whole


def _texts(form: str) -> Cells:
    plain = _text(form).map(lambda text: Cell(text, _held(text)))
    if form != "json":
        return plain
    other = st.sampled_from(
        [
            Cell("5", "5", "5"),
            Cell("true", "true", "true"),
            Cell("-0.25", "-0.25", "-0.25"),
            Cell("12345678901234567890", "12345678901234567890", "12345678901234567890"),
            *(Cell(number, number, number) for number in _NUMBERS),
            Cell(None, UNREADABLE, "{}"),
            Cell(None, UNREADABLE, '["x", 1]'),
        ]
    )
    return plain | plain | other


def _integers(form: str) -> Cells:
    whole = st.integers(-(2**31), 2**31 - 1) | st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31)])

    def spelled(number: int, spelling: int) -> st.SearchStrategy[Cell]:
        sign = "" if number < 0 else "+"
        text = [str(number), str(number), f"{number}.0", f"{sign}{number}", f"{number}e0"][spelling]
        unquoted = form == "json" and spelling != 3
        return _padded(st.just(text)).map(
            lambda padded: Cell(padded, number, text if unquoted else None, number)
        )

    good = st.tuples(whole, st.integers(0, 4)).flatmap(lambda drawn: spelled(*drawn))
    bad = _bad(
        [
            *("3.5", "2147483648", "-2147483649", "1_000", "0x10", "1,000", "1 000", "five", "NaN"),
            *("inf", "true", "٣", "1e400", "--1", "0b1", "1e-1", "3.0000001", "९", "½"),
            *("2147483647.9", "1e", ".", "+", "1.5e0", "99999999999999999999999999999999999999999"),
        ]
    )
    return good | good | bad


def _doubles(form: str) -> Cells:
    def cell(text: str) -> Cell:
        number = float(text)
        return Cell(text, number, text if form == "json" and text[0] not in "+." else None, number)

    decimal = st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str)
    spelled = st.one_of(
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
        st.floats(0, 1).map(lambda number: f"{number:.20f}"),
        decimal.filter(lambda text: math.isfinite(float(text))),
        st.integers(-(10**30), 10**30).map(str),
        st.sampled_from(["0.25", "1", "-0", "-0.0", "1E2", "5e-324", "1.7976931348623157e308"]),
    ).map(cell)
    quoted = st.sampled_from(["nan", "NaN", "inf", "-Infinity", "+INF", ".5", "1.", " 0.5 "]).map(
        lambda text: Cell(text, float(text))
    )
    bad = _bad(
        ["0,5", "1,000.5", "50%", "1e400", "-1e999", "1_0.5", "0x1p3", "1e", "1.2.3", "true", "$5"]
    )
    return spelled | spelled | quoted | bad


def _booleans(form: str) -> Cells:
    words = {True: ["true", "T", "yes", "y", "1", "1.0"], False: ["false", "F", "No", "n", "0"]}

    def spelled(value: bool) -> Cells:
        word = st.sampled_from(words[value])
        changed = st.builds(lambda text, change: change(text), word, st.sampled_from(_CASES))
        written = _padded(changed).map(lambda text: Cell(text, value, typed=value))
        fragment = json.dumps(value)
        native = st.sampled_from([fragment, str(int(value))])
        unquoted = native.map(lambda text: Cell(text, value, text, value))
        return written | unquoted if form == "json" else written

    bad = _bad(["on", "off", "maybe", "2", "-1", "0.5", "tru", "✓", "1.00", "none"])
    return st.booleans().flatmap(spelled) | bad


_CASES = [str, str.upper, str.lower, str.capitalize]


_UTC = ["", "", "Z", " Z", "z", " z", "UTC", " UTC", "utc", " gmt", "GMT"]
_ZONES = ["America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland"]


@st.composite
def _instants(draw: st.DrawFn, form: str) -> Cell:
    if draw(st.integers(0, 4)) == 0:
        return draw(_bad(_BAD_INSTANTS))
    local = draw(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)))
    if draw(st.booleans()):
        local = local.replace(year=draw(st.sampled_from([1970, 1999, 2024, 2026])), day=1)
    between = draw(st.sampled_from("--/"))
    pad = draw(st.sampled_from(["02", "02", ""]))
    text = f"{local.year:04}{between}{local.month:{pad}}{between}{local.day:{pad}}"
    clock = draw(st.sampled_from(["none", "minutes", "seconds", "fraction", "fraction"]))
    if clock == "none":
        local = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return _instant_cell(draw, form, text, local)
    text += draw(st.sampled_from(["T", " ", "  "])) + f"{local.hour:{pad}}:{local.minute:02}"
    if clock == "minutes":
        local = local.replace(second=0)
    else:
        text += f":{local.second:02}"
    if clock == "fraction":
        digits = draw(st.integers(1, 6))
        local = local.replace(
            microsecond=local.microsecond // 10 ** (6 - digits) * 10 ** (6 - digits)
        )
        text += "." + f"{local.microsecond:06}"[:digits]
        if digits == 6:
            text += draw(st.sampled_from(["", "", "9", "999", "5000", "999999999999"]))
    else:
        local = local.replace(microsecond=0)
    return _instant_cell(draw, form, *_zoned(draw, text, local))


def _zoned(draw: st.DrawFn, text: str, local: datetime) -> tuple[str, datetime | None]:
    """The text with a zone, and the naive time in UTC; None if there is no such time."""
    zone = draw(st.sampled_from([*_UTC, "offset", "offset", "region"]))
    if zone == "offset":
        minutes = draw(st.integers(-18 * 60, 18 * 60) | st.sampled_from([0, 330, -300, 1080]))
        sign = "-" if minutes < 0 else "+"
        hours, rest = divmod(abs(minutes), 60)
        spelled = draw(st.sampled_from(["{:02}:{:02}", "{:02}{:02}", "{:02}"]))
        if spelled == "{:02}":
            rest = 0
        blank = draw(st.sampled_from(["", "", " "]))
        offset = timedelta(hours=hours, minutes=rest) * (-1 if minutes < 0 else 1)
        try:
            moved = local - offset
        except OverflowError:
            moved = None
        return text + blank + sign + spelled.format(hours, rest), moved
    if zone == "region":
        name = draw(st.sampled_from(_ZONES))
        # Before 1970 collections of zones differ; a time that clocks skip is none.
        if local.year < 1970 or local.year > 2036:
            return text, local
        there = local.replace(tzinfo=ZoneInfo(name))
        here = there.astimezone(UTC)
        if here.astimezone(ZoneInfo(name)).replace(tzinfo=None) != local:
            return f"{text} {name}", None
        if there.utcoffset() != there.replace(fold=1).utcoffset():
            return text, local
        return f"{text} {name}", here.replace(tzinfo=None)
    return text + zone, local


def _instant_cell(draw: st.DrawFn, form: str, text: str, local: datetime | None) -> Cell:
    padded = draw(_padded(st.just(text)))
    if local is None:
        return Cell(padded, UNREADABLE)
    instant = local.replace(tzinfo=UTC)
    return Cell(padded, instant, None, instant)


_BAD_INSTANTS = [
    *("31.01.2026", "01/31/2026 12:00", "1/2/26", "26-01-31", "126-01-31", "20260131", "2026-1"),
    *("2026-02-30", "2026-13-01", "2026-00-10", "0000-01-01", "12026-01-31", "2026-01-31 12"),
    *("2026-01-31 25:00", "2026-01-31 12:60", "2026-01-31 12:00:61", "2026-01-31 12:00 PM"),
    *("2026-01-31 12:00 EST", "2026-01-31 12:00 BST", "2026-01-31 12:00 PST8PDT", "2026-W05-6"),
    *("2026-01-31 12:00 UTC+2", "2026-01-31 12:00+18:30", "2026-01-31 12:00-19", "2026-031"),
    *("2026-01-31 12:00+05:60", "2026-01-31 12:00+99:99", "2026-01-31 12:00 Mars/Olympus"),
    *("1769860800", "1769860800000", "45322.5", "infinity", "-infinity", "epoch", "now", "today"),
    *("２０２６-01-31", "2026-01-31 12:00:00,5", "2026-01-31Z", "2026-01-31+02:00", "12:00"),  # noqa: RUF001
    *(
        "2026-01-31 (BC)",
        "2026-01-31 BC",
        "-2026-01-31",
        "Sat Jan 31 2026",
        "2026-01-31\u00a012:00",
    ),
    *("2026/01-31", "2026-01/31", "2026-01-31 12:00:00.5 CET", "2026-01-31 12:00 Etc", "NaT"),
]


def _arrays(form: str) -> Cells:
    def cell(elements: list[str | None], notation: str) -> Cell:
        held = [None if element is None else _held(element) for element in elements]
        value: Any = UNREADABLE if UNREADABLE in held else held
        if notation == "json":
            text = json.dumps(elements)
            return Cell(text, value, typed=elements)
        if notation == "native":
            return Cell(None, value, json.dumps(elements))
        quoted = (
            "NULL" if e is None else '"' + e.replace("\\", "\\\\").replace('"', '\\"') + '"'
            for e in elements
        )
        return Cell("{" + ",".join(quoted) + "}", value, typed=elements)

    notations = ["json", "literal", *(["native"] if form == "json" else [])]
    lists = st.lists(st.none() | _text(form), max_size=3)
    numbers = st.lists(st.sampled_from(_NUMBERS), min_size=1, max_size=3)
    unquoted = st.builds(
        lambda held, native: Cell(
            text := "[" + ", ".join(held) + "]", held, text if native else None, held
        ),
        numbers,
        st.booleans() if form == "json" else st.just(value=False),
    )
    good = st.builds(cell, lists, st.sampled_from(notations)) | unquoted
    bad = _bad(
        [
            *("Math", "Math, Art", "['Math']", '[["Math"]]', "{a,}", "{a", '{"a"b}', "{{a}}", "5"),
            *('["a"', '["a",]', '{"a": 1}', '[{"a": 1}]', "()", '["a"] x', "[NaN"),
        ]
    )
    return good | good | bad


def _documents(form: str) -> Cells:
    leaf = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**15), 10**15),
        st.floats(allow_nan=False, allow_infinity=False).filter(lambda n: 1e-6 < abs(n) < 1e15),
        _text("csv").filter(lambda text: "\0" not in text),
    )
    keys = _text("csv").filter(lambda text: "\0" not in text)
    value = st.recursive(
        leaf,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=6,
    )
    objects = st.dictionaries(keys, value, max_size=4)

    def cell(document: Any, indent: int | None, ascii_: bool, native: bool) -> Cell:
        # A line of JSON lines has no line ends in it.
        text = json.dumps(document, indent=None if native else indent, ensure_ascii=ascii_)
        return Cell(text, ("json", document), text if native else None)

    good = st.builds(
        cell,
        objects | objects | value.filter(lambda document: document is not None),
        st.sampled_from([None, 1]),
        st.booleans(),
        st.booleans() if form == "json" else st.just(value=False),
    )
    exact = st.builds(
        lambda number, native: Cell(
            text := f'{{"a": [{number}, "\\u0001{number}"]}}',
            ("json", {"a": [Decimal(number), f"\x01{number}"]}),
            text if native else None,
        ),
        st.sampled_from(_NUMBERS),
        st.booleans() if form == "json" else st.just(value=False),
    )
    return good | good | exact | _bad(_BAD_DOCUMENTS)


_BAD_DOCUMENTS = [
    *("hello", "{a:1}", "{", '{"a":NaN}', '{"a":-Infinity}', '{"a":"x\\u0000y"}', "{'a': 1}"),
    *('{"a":1e99999}', '{"a":1,"a":1}', '{"b":{"a":1,"c":2,"a":3}}', '[{"a":1,"\\u0061":2}]'),
    *('{"a":"\\ud83d"}', '{"\\ude00":1}', "[" * 600 + "]" * 600, '{"a":' + "1" * 1001 + "}"),
    *('{"a":1,}', '{"a":01}', '{"a":+1}', '{"a":.5}', '{"a":1}{"b":2}', '{"a":1} x', "12 minutes"),
    *('{"a":1,"b":' * 1500 + "1" + "}" * 1500, "[[],1," * 3000 + "1" + "]" * 3000),
    *('{"a\\u0000":1}', "// {}", '{"a":"\t"}', "Infinity", "undefined"),
]
