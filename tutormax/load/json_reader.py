"""Opening JSON: one object a line (`.jsonl`) or one array of objects (`.json`)."""

from __future__ import annotations

import codecs
import json
import os
import re
import shutil
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path

import duckdb

from tutormax.errors import UserError
from tutormax.load.columns import Kind, kinds
from tutormax.load.convert import SourceColumn, sql_text
from tutormax.load.files import SourceFile, check_columns, check_utf8, duckdb_literal, shown
from tutormax.load.json_numbers import (
    is_rewritten,
    marked,
    may_be_rewritten,
    string_of_marked,
)
from tutormax.load.repeated_keys import repeats_a_name
from tutormax.warehouse import first_line, one_row

STAGE = "temp.main.tutormax_stage"
"""The temporary table that holds the text of the file being read."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
# A pair of surrogates, half of one (the only group), or another escape.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)
_MAX_OBJECT_BYTES = 1 << 24
_LINES_PER_LOOK = 10_000
# Above this size an array is not read once more only to tell where its fault is.
_MAX_DIAGNOSED_BYTES = 1 << 28
_NO_JSON = "it does not begin as JSON does; if it is CSV, let its name end in .csv"
_FIRST_BAD_LINE = """
    SELECT min(i)
    FROM (SELECT generate_subscripts($1::VARCHAR[], 1) AS i, unnest($1::VARCHAR[]) AS line)
    WHERE trim(line, ' ' || chr(9) || chr(10) || chr(13)) <> ''
    AND coalesce(json_type(TRY_CAST(line AS JSON)), '') <> 'OBJECT'
"""


def open_json(
    con: duckdb.DuckDBPyConnection, file: SourceFile, source: Path, scratch: Path
) -> tuple[str, int, dict[str, SourceColumn], tuple[str, ...]]:
    """Bring a JSON file, whose text is at `source`, into the temporary table `STAGE`.

    Returns the DuckDB relation, its number of rows, the known columns and the names of the unknown.
    The relation also has the columns `document` and `repeats` (a key stands there twice).
    Raises `UserError` if the file is not UTF-8, not JSON, no array (`.json`) or not objects only.
    """
    path = _without_half_pairs(_without_bom(source, scratch), scratch)
    form = "array" if file.format == "json" else "newline_delimited"
    if file.format == "json":
        _check_array(file, path)
    try:
        con.execute(
            f"CREATE TEMP TABLE {STAGE} AS SELECT json AS document FROM read_json_objects("
            f"{duckdb_literal(path)}, format = '{form}', hive_partitioning = false, "
            f"maximum_object_size = {_MAX_OBJECT_BYTES})"
        )
    except duckdb.Error as error:
        raise _why_malformed(con, file, path, error) from error
    if file.format == "json" and not _is_closed(path):
        raise _why_malformed(con, file, path, duckdb.Error())
    # A value is an object if it begins as one does; to look at its type takes longer.
    judged = "count(*), count(*) FILTER (NOT starts_with(document, '{'))"
    rows, others = one_row(con, f"SELECT {judged} FROM {STAGE}")
    if others:
        is_other = "json_type(document) <> 'OBJECT'"
        (others,) = one_row(con, f"SELECT count(*) FILTER ({is_other}) FROM {STAGE}")
    if others:
        raise _why_malformed(con, file, path, None)
    # Few lists: most documents have the same keys. To compare lists takes longer than their hashes.
    lists = con.execute(
        f"SELECT any_value(keys) FROM (SELECT json_keys(document) AS keys FROM {STAGE}) "
        "GROUP BY hash(keys)"
    ).fetchall()
    names = sorted({str(name) for (keys,) in lists for name in keys})
    repeats = any(len(set(keys)) < len(keys) for (keys,) in lists)
    wanted = file.wanted()
    if rows:
        # Without a row there is nothing to tell the columns from, and nothing that misses them.
        check_columns(file, names)
    known = [name for name in names if name in wanted]
    unknown = tuple(name for name in names if name not in wanted)
    relation = _extracted(file, known, repeats)
    columns = {
        name: SourceColumn(
            f"c{i}",
            nested=_nested(f"c{i}", name),
            text=string_of_marked(marked("document::VARCHAR"), _path(name)),
            path=_path(name),
        )
        for i, name in enumerate(known)
    }
    return relation, int(rows), columns, unknown


def _extracted(file: SourceFile, names: list[str], repeats: bool) -> str:
    """Relation of the columns' texts: strings without quotes, all else as JSON, null as NULL."""
    paths = ", ".join(map(_path, names))
    texts = f"json_extract_string(document, [{paths}]::VARCHAR[])"
    likely = _likely_rewritten(file, names)
    cells = "".join(f", {_cell(i, name, name in likely)} AS c{i}" for i, name in enumerate(names))
    looked_at = " OR ".join(likely.values())
    kept = (
        f"CASE WHEN {looked_at or 'false'} THEN CASE WHEN {is_rewritten('document::VARCHAR')} "
        f"THEN {marked('document::VARCHAR')} END END"
    )
    return (
        f"(SELECT document{cells}, {repeats_a_name('document') if repeats else 'false'} AS repeats "
        f"FROM (SELECT document, cells, {kept} AS kept "
        f"FROM (SELECT document, {texts} AS cells FROM {STAGE})))"
    )


def _likely_rewritten(file: SourceFile, names: list[str]) -> dict[str, str]:
    """The columns whose numbers are kept as written, each with a test that may be true of some."""
    column_kinds = kinds(file.table)
    tests: dict[str, str] = {}
    for name, source in file.mapping.sources(file.table).items():
        if source in names:
            cell = f"cells[{names.index(source) + 1}]"
            if column_kinds[name] in (Kind.ARRAY, Kind.JSON):
                # The text of a string is as it is written.
                tests[source] = (
                    f"CASE WHEN {may_be_rewritten(cell, nested=True)} "
                    f"THEN json_type(document, {_path(source)}) <> 'VARCHAR' ELSE false END"
                )
            elif column_kinds[name] is Kind.TEXT:
                tests.setdefault(source, may_be_rewritten(cell, nested=False))
    return tests


def _cell(position: int, name: str, has_own_numbers: bool) -> str:
    cell = f"cells[{position + 1}]"
    if not has_own_numbers:
        return cell
    return f"CASE WHEN kept IS NULL THEN {cell} ELSE {string_of_marked('kept', _path(name))} END"


def _path(name: str) -> str:
    if name.isidentifier() and name.isascii():
        return sql_text(f"$.{name}")
    # A JSON pointer: slower, but it takes every name as it is, a quoted * too.
    return sql_text("/" + name.replace("~", "~0").replace("/", "~1"))


def _nested(ref: str, name: str) -> str:
    # Only a text that looks like one is worth asking whether it is an object or array of the file.
    return (
        f"CASE WHEN starts_with({ref}, '{{') OR starts_with({ref}, '[') "
        f"THEN json_type(document, {_path(name)}) IN ('OBJECT', 'ARRAY') ELSE false END"
    )


def _without_bom(path: Path, scratch: Path) -> Path:
    """The file, or a copy without the byte order mark that DuckDB does not take."""
    with path.open("rb") as source:
        if source.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            return path
        copy = scratch / "without_mark"
        with copy.open("wb") as target:
            shutil.copyfileobj(source, target)
    return copy


def _without_half_pairs(path: Path, scratch: Path) -> Path:
    """The file, or a copy in which NUL stands before each half of a surrogate pair.

    A half is no text, as NUL is none: the row is set aside, and its record shows the half.
    """
    if not _has_surrogate(path):
        return path
    copy = scratch / "whole"
    with path.open("rb") as source, copy.open("wb") as target:
        for line in source:
            target.write(_ESCAPE.sub(_marked, line))
    return copy


def _has_surrogate(path: Path) -> bool:
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as text:
        # Most files have no escape at all, and a single byte is found fastest.
        return text.find(b"\\") >= 0 and _SURROGATE.search(text) is not None


def _marked(escape: re.Match[bytes]) -> bytes:
    return escape[0] if escape[1] is None else rb"\u0000\\" + escape[1]


def _check_array(file: SourceFile, path: Path) -> None:
    first = _first_character(path)
    if first == b"[":
        return
    check_utf8(file, path)
    remedy = (
        f"write [ … ] around its objects, or call it {file.table.name}.jsonl if it has one object "
        "a line"
        if first in (b"{", b"")
        else _NO_JSON
    )
    raise UserError(f"{shown(file.path)} is not a JSON array; {remedy}.")


def _first_character(path: Path) -> bytes:
    with path.open("rb") as source:
        while (first := source.read(1)).isspace():
            pass
    return first


def _is_closed(path: Path) -> bool:
    """Whether an array ends with its bracket; DuckDB takes one that ends behind a comma."""
    at = path.stat().st_size
    with path.open("rb") as source:
        while (last := os.pread(source.fileno(), 1, at - 1)).isspace():
            at -= 1
    return last == b"]"


def _why_malformed(
    con: duckdb.DuckDBPyConnection, file: SourceFile, path: Path, error: duckdb.Error | None
) -> UserError:
    """The sentence for a JSON file that DuckDB refused, or that holds other things than objects."""
    check_utf8(file, path)
    message = first_line(error) if error else ""
    if "maximum_object_size" in message:
        return UserError(
            f"{shown(file.path)} has an object of more than {_MAX_OBJECT_BYTES >> 20} MiB; "
            "split it up."
        )
    if file.format == "jsonl":
        # DuckDB's own line numbers leave out blank lines and start at two.
        where, reason = _bad_line(path), ""
        if where == "line 1" and _first_character(path) not in (b"{", b"["):
            return UserError(f"{shown(file.path)} is malformed JSON at line 1; {_NO_JSON}.")
    elif error is None:
        # Row numbers of rows not committed yet do not start at zero.
        first = "min(rowid) FILTER (json_type(document) <> 'OBJECT')"
        (element,) = one_row(con, f"SELECT {first} - min(rowid) + 1 FROM {STAGE}")
        where, reason = f"element {element}", ""
    else:
        where, reason = _fault_in_array(path)
        reason = reason or message.rsplit(": ", 1)[-1].rstrip(". ")
    at = f" at {where}" if where else ""
    because = f" ({reason})" if reason else ""
    return UserError(
        f"{shown(file.path)} is malformed JSON{at}{because}; every row must be one whole object."
    )


def _bad_line(path: Path) -> str:
    """Name of the first line that is not one JSON object, by the judgement of DuckDB's parser."""
    # The loading connection's transaction is broken by now.
    with path.open(encoding="utf-8-sig", newline="\n") as source, duckdb.connect() as con:
        start = 1
        while lines := list(islice(source, _LINES_PER_LOOK)):
            (index,) = one_row(con, _FIRST_BAD_LINE, [lines])
            if index is not None:
                return f"line {start + int(index) - 1}"
            start += len(lines)
    return ""


def _fault_in_array(path: Path) -> tuple[str, str]:
    """The line of the first fault and what it is; both empty if that is not known."""
    if path.stat().st_size > _MAX_DIAGNOSED_BYTES:
        return "", ""
    try:
        json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        where, rest = f"line {error.lineno}", error.doc[error.pos :].lstrip()
        if not rest:
            return where, "the end is missing: write the file again"
        if rest[0] in "],":
            return where, "a comma with no value after it: remove it"
        return where, error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
    except RecursionError:
        pass
    return "", ""
