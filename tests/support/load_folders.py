"""Random folders for `tutormax load`: a table of cells, written in every format, and damaged."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from sqlalchemy import Table

from support.load_cells import NULL, UNREADABLE, Cell, cells
from tutormax.load.columns import REQUIRED, Kind, kinds
from tutormax.schema import LOADED_AT, SOURCE_TABLES

Draw = st.DrawFn
FORMATS = ["csv", "json", "jsonl", "ndjson", "parquet"]


@dataclass(repr=False)
class Part:
    """One file of a table: its name, its bytes, and its rows.

    `refusal` is a text that the sentence must have if the file must stop the load, "?" if it may;
    `typed` columns hold values, not texts.
    """

    table: Table
    name: str
    content: bytes
    rows: list[dict[str, Cell]]
    repeated: set[int] = field(default_factory=set)
    typed: set[str] = field(default_factory=set)
    damaged: bool = False
    refusal: str | None = None
    warning: str | None = None

    def __repr__(self) -> str:
        return f"{self.name} ({self.refusal}): {self.content!r} of {self.rows}"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))

    def kept(self) -> list[dict[str, Any]]:
        """The rows that raw must have."""
        return [
            {name: cell.value for name, cell in row.items()}
            for number, row in enumerate(self.rows)
            if not self._is_unreadable(number, row)
        ]

    def set_aside(self) -> list[dict[str, Cell]]:
        """The rows that `raw.unreadable_rows` must have for a value that does not fit."""
        return [
            row
            for number, row in enumerate(self.rows)
            if self._is_unreadable(number, row) and number not in self.repeated
        ]

    def _is_unreadable(self, number: int, row: dict[str, Cell]) -> bool:
        return number in self.repeated or any(cell.value is UNREADABLE for cell in row.values())


@st.composite
def folders(
    draw: Draw, most_tables: int = 2, most_parts: int = 4, most_rows: int = 12
) -> list[Part]:
    """The files of a folder: one or more parts of a table, and sometimes another table."""
    table = st.sampled_from(SOURCE_TABLES)
    tables = draw(st.lists(table, min_size=1, max_size=most_tables, unique=True))
    # A folder that is refused shows nothing of its values.
    damaged = draw(st.sampled_from([False, False, False, True]))
    return [
        _part(draw, table, name, damaged, most_rows)
        for table in tables
        for name in _names(draw, table, most_parts)
    ]


def write(folder: Path, parts: list[Part]) -> None:
    for part in parts:
        path = folder / part.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(part.content)


def _names(draw: Draw, table: Table, most: int) -> list[str]:
    if draw(st.integers(0, 3)) > 0:
        return [table.name]
    several = [f"{table.name}_2025", f"{table.name}/part-1", f"{table.name}/day=2/ü [x]"]
    name = st.sampled_from([table.name, *several])
    return draw(st.lists(name, min_size=2, max_size=most, unique=True))


def _part(draw: Draw, table: Table, name: str, damaged: bool, most_rows: int) -> Part:
    format_ = draw(st.sampled_from(FORMATS))
    form = {"csv": "csv", "parquet": "parquet"}.get(format_, "json")
    rows = _rows(draw, table, form, most_rows)
    part = Part(table, f"{name}.{format_}", b"", rows, damaged=damaged)
    header = list(rows[0]) if rows else list(REQUIRED[table.name])
    writer = {"csv": _csv, "parquet": _parquet}.get(form)
    if writer is not None:
        writer(draw, part, header)
    else:
        _json(draw, part, as_array=format_ == "json")
    _damage_bytes(draw, part, form)
    _compress(draw, part)
    if not part.content:
        part.refusal = "is empty"
    return part


def _fault(draw: Draw, part: Part, faults: list[str]) -> str | None:
    return draw(st.sampled_from([None, *faults])) if part.damaged else None


def _rows(draw: Draw, table: Table, form: str, most: int) -> list[dict[str, Cell]]:
    column_kinds = {name: kind for name, kind in kinds(table).items() if name != LOADED_AT}
    required = REQUIRED[table.name]
    optional = sorted(set(column_kinds) - set(required))
    chosen = draw(st.lists(st.sampled_from(optional), max_size=4, unique=True))
    names = draw(st.permutations([*required, *chosen]))
    # Most cells are plain, or nearly every row would be unreadable.
    plain = {name: _plain(kind) for name, kind in column_kinds.items()}
    rows = []
    for _ in range(draw(st.integers(0, most))):
        row = dict(plain)
        for name in draw(st.lists(st.sampled_from(names), max_size=3, unique=True)):
            row[name] = draw(cells(column_kinds[name], form))
        rows.append({name: row[name] for name in names})
    return rows


def _plain(kind: Kind) -> Cell:
    return Cell("x", "x") if kind is Kind.TEXT else NULL


def _csv(draw: Draw, part: Part, header: list[str]) -> None:
    end = draw(st.sampled_from(["\n", "\r\n"]))
    table = [header, *([row[name].text for name in header] for row in part.rows)]
    fault = _fault(draw, part, list(_CSV_FAULTS))
    delimiter = ","
    if fault is not None:
        if fault in (";", "\t", "|"):
            delimiter, part.refusal = fault, "are separated by"
        else:
            table = _CSV_FAULTS[fault](draw, part, table)
    text = io.StringIO()
    # Python's writer leaves \r without quotes where lines end in \n.
    bare = not any("\r" in (cell or "") for line in table for cell in line)
    quoting = draw(st.sampled_from([csv.QUOTE_ALL, *([csv.QUOTE_MINIMAL] if bare else [])]))
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    blank = draw(st.booleans())
    for number, line in enumerate(table):
        writer.writerow(line)
        if blank and number != 1:
            text.write(end)
    written = text.getvalue()
    if draw(st.booleans()):
        written = written.rstrip(end) if not blank and table[-1][-1] else written
    mark = "\ufeff" if draw(st.booleans()) else ""
    part.content = (mark + written).encode()


CsvTable = list[list[str | None]]


def _ragged(draw: Draw, part: Part, table: CsvTable) -> CsvTable:
    if len(table) > 1:
        part.refusal = "line "
        line = draw(st.integers(1, len(table) - 1))
        shorter = table[line][:-1]
        table[line] = draw(st.sampled_from([[*table[line], "x"], [*table[line], None], shorter]))
    return table


def _twice(draw: Draw, part: Part, table: CsvTable) -> CsvTable:
    part.refusal = "twice"
    column = draw(st.integers(0, len(table[0]) - 1))
    return [[*line, line[column]] for line in table]


def _nameless(draw: Draw, part: Part, table: CsvTable) -> CsvTable:
    cell = draw(st.sampled_from([None, " ", "value"]))
    if cell == "value" and len(table) > 1:
        part.warning = f"{len(table[0]) + 1} (it has no name)"
    name = draw(st.sampled_from([None, " ", "\t"]))
    return [[*line, name if number == 0 else cell] for number, line in enumerate(table)]


def _lacking(draw: Draw, part: Part, table: CsvTable) -> CsvTable:
    name = draw(st.sampled_from(REQUIRED[part.table.name]))
    changed = draw(
        st.sampled_from([name.upper(), f" {name}", name.replace("_", " ") + "?", "Café"])
    )
    part.refusal = f"{name}"
    return [[changed if cell == name else cell for cell in table[0]], *table[1:]]


def _unknown(draw: Draw, part: Part, table: CsvTable) -> CsvTable:
    part.warning = "shoe size"
    return [[*line, "shoe size" if number == 0 else "42"] for number, line in enumerate(table)]


_CSV_FAULTS: dict[str, Callable[[Draw, Part, CsvTable], CsvTable]] = {
    "ragged": _ragged,
    "twice": _twice,
    "nameless": _nameless,
    "lacking": _lacking,
    "unknown": _unknown,
    ";": _ragged,
    "\t": _ragged,
    "|": _ragged,
}


def _json(draw: Draw, part: Part, as_array: bool) -> None:
    objects = [_object(draw, part, number) for number in range(len(part.rows))]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    if as_array:
        between = draw(st.sampled_from([",", ", ", f",{end}"]))
        text = f"[{between.join(objects)}]" + draw(st.sampled_from(["", end, " "]))
    else:
        text = end.join([*objects, ""]) + draw(st.sampled_from(["", end]))
        if draw(st.booleans()):
            text = text.rstrip()
    fault = _fault(draw, part, ["scalar", "cut", "garbage", "other form"])
    if fault == "scalar":
        bad = draw(st.sampled_from(["1", '"x"', "null", "[1]", "true"]))
        part.refusal = "malformed JSON"
        text = f"[{','.join([*objects, bad])}]" if as_array else end.join([*objects, bad])
    elif fault == "cut" and objects:
        part.refusal = "malformed JSON"
        text = text.rstrip()[:-1]
    elif fault == "garbage":
        part.refusal = "malformed JSON"
        text += "}{" if as_array else f"{end}}}{{"
    elif fault == "other form" and objects:
        part.refusal = "is not a JSON array" if as_array else "malformed JSON"
        text = end.join(objects) if as_array else f"[{','.join(objects)}]"
    mark = "\ufeff" if draw(st.booleans()) else ""
    part.content = (mark + text).encode()


def _object(draw: Draw, part: Part, number: int) -> str:
    row = part.rows[number]
    names = draw(st.permutations(list(row)))
    # A key may be absent where its value is, except that one row has to have them all.
    absent = [name for name in names if row[name] is NULL and number]
    pairs = [(name, row[name].json()) for name in names]
    if absent and draw(st.booleans()):
        pairs = [(name, value) for name, value in pairs if name not in absent]
    if pairs and draw(st.integers(0, 9)) == 0:
        part.repeated.add(number)
        pairs.append(draw(st.sampled_from(pairs)))
    colon = draw(st.sampled_from([":", ": ", " :\t"]))
    return "{" + ", ".join(f"{json.dumps(name)}{colon}{value}" for name, value in pairs) + "}"


def _parquet(draw: Draw, part: Part, header: list[str]) -> None:
    column_kinds = kinds(part.table)
    arrays = {}
    for name in header:
        column = [row[name] for row in part.rows]
        arrays[name] = _parquet_column(draw, column, column_kinds[name])
        if arrays[name].type not in _TEXT_TYPES:
            part.typed.add(name)
    sink = pa.BufferOutputStream()
    compression = draw(st.sampled_from(["none", "snappy", "zstd"]))
    version = draw(st.sampled_from(["1.0", "2.6"]))
    pq.write_table(pa.table(arrays), sink, compression=compression, version=version)
    part.content = bytes(sink.getvalue())
    if _fault(draw, part, ["cut"]):
        part.content = part.content[: draw(st.integers(0, len(part.content) - 1))]
        part.refusal = "is not a whole Parquet file" if part.content else "is empty"


_TYPES = {
    Kind.INTEGER: [pa.int32(), pa.int64(), pa.float64(), pa.decimal128(12, 2)],
    Kind.DOUBLE: [pa.float64()],
    Kind.BOOLEAN: [pa.bool_(), pa.int8()],
    Kind.TIMESTAMP: [
        pa.timestamp("us"),
        pa.timestamp("us", "UTC"),
        pa.timestamp("us", "Asia/Tokyo"),
    ],
    Kind.ARRAY: [pa.list_(pa.string()), pa.large_list(pa.large_string())],
}
_TEXT_TYPES = [pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int8(), pa.string())]


def _parquet_column(draw: Draw, column: list[Cell], kind: Kind) -> pa.Array:
    types = _TYPES.get(kind)
    if types and draw(st.booleans()) and all(c is NULL or c.typed is not None for c in column):
        values = [cell.typed for cell in column]
        type_ = draw(st.sampled_from(types))
        if pa.types.is_integer(type_) and kind is Kind.BOOLEAN:
            values = [None if value is None else int(value) for value in values]
        if kind is Kind.TIMESTAMP and type_.tz is None:
            values = [None if value is None else value.replace(tzinfo=None) for value in values]
        return pa.array(values, type_)
    type_ = draw(st.sampled_from(_TEXT_TYPES))
    texts: list[Any] = [cell.text for cell in column]
    if pa.types.is_binary(type_):
        texts = [None if text is None else text.encode() for text in texts]
    return pa.array(texts, type_)


def _damage_bytes(draw: Draw, part: Part, form: str) -> None:
    if form == "parquet" or part.refusal:
        return
    fault = _fault(draw, part, ["utf-16", "utf-16-le", "utf-32", "latin", "zip", "flip"])
    content = part.content
    if fault in ("utf-16", "utf-16-le", "utf-32"):
        text = content.decode("utf-8-sig")
        # Half a pair cannot be told from other text if there is nearly nothing else.
        if text.isascii() and text.strip():
            part.content, part.refusal = text.encode(fault), "UTF-"
    elif fault == "latin":
        part.content, part.refusal = content + b"\xe9\xe8", "UTF-8"
    elif fault == "zip":
        part.content, part.refusal = b"PK\x03\x04" + content, "ZIP"
    elif fault == "flip" and content:
        at = draw(st.integers(0, len(content) - 1))
        byte = draw(st.sampled_from(b'\0",;{}[]\n\r\\\xff\xe9a0 '))
        part.content, part.refusal = content[:at] + bytes([byte]) + content[at + 1 :], "?"


def _compress(draw: Draw, part: Part) -> None:
    how = _fault(draw, part, ["unnamed"]) or draw(st.sampled_from([None, None, "gz", "zst"]))
    if how is None or not part.content:
        return
    if how == "zst":
        packed = bytes(pa.compress(part.content, "zstd", asbytes=True))
    else:
        packed = gzip.compress(part.content)
    if how == "unnamed":
        part.refusal = "is compressed (gzip)"
    else:
        part.name += f".{how}"
        if _fault(draw, part, ["cut"]):
            packed = packed[: draw(st.integers(0, len(packed) - 1))]
            part.refusal = "is not a whole" if packed else "is empty"
    part.content = packed
