"""Opening a file as a DuckDB relation, whatever its format.

Parquet is read where it lies. CSV and JSON are first brought, as text, into a temporary table: a
file that cannot be read is then known before a row of it is written, and is parsed once only.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tutormax.errors import UserError
from tutormax.load.convert import SourceColumn, sql_text
from tutormax.load.files import (
    DelimiterError,
    SourceFile,
    check_columns,
    check_utf8,
    duckdb_literal,
    plain_file,
    shown,
)
from tutormax.load.json_reader import STAGE, open_json
from tutormax.warehouse import first_line, one_row

_MARKS = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "pipes (|)",
    " ": "blanks",
    ":": "colons",
}
_HEADER_LINES = 20
_CSV_LINE_BYTES = 1 << 22
_CSV_BUFFER_BYTES = 1 << 25


@dataclass(frozen=True)
class Reading:
    """An opened file.

    `relation` is a DuckDB FROM item of `rows` rows. `columns` are the columns of the table that the
    file brings; `unknown` names the file's columns that are not read. `has_documents` tells that
    the relation has the columns `document` and `repeats` of `open_json`.
    """

    relation: str
    rows: int
    columns: dict[str, SourceColumn]
    unknown: tuple[str, ...]
    has_documents: bool = False


def open_file(con: duckdb.DuckDBPyConnection, file: SourceFile, scratch: Path) -> Reading:
    """Open a file for reading through `con`; `scratch` is a directory for temporary files.

    At most one Reading of a connection is valid at a time. Raises `UserError` if the file cannot be
    read, is not what its name says, or lacks a required column.
    """
    con.execute(f"DROP TABLE IF EXISTS {STAGE}")
    try:
        path = plain_file(file, scratch)
        if file.format == "parquet":
            return _mapped(file, _open_parquet(con, file, path))
        if file.format == "csv":
            return _mapped(file, _open_csv(con, file, path))
        relation, rows, columns, unknown = open_json(con, file, path, scratch)
        return _mapped(file, Reading(relation, rows, columns, unknown, has_documents=True))
    except OSError as error:
        raise UserError(f"{shown(file.path)} cannot be read: {error.strerror or error}.") from error


def _mapped(file: SourceFile, reading: Reading) -> Reading:
    """A reading of the file's columns as one of the table's, by the file's mapping."""
    relation, columns = file.mapping.apply(file.table, reading.relation, reading.columns)
    return replace(reading, relation=relation, columns=columns)


def _split(file: SourceFile, present: Sequence[str]) -> tuple[list[int], tuple[str, ...]]:
    """Positions of the columns that are read, and the names of the others."""
    check_columns(file, present)
    wanted = file.wanted()
    known = [position for position, name in enumerate(present) if name in wanted]
    return known, tuple(sorted(set(present) - wanted))


def _open_parquet(con: duckdb.DuckDBPyConnection, file: SourceFile, path: Path) -> Reading:
    try:
        with pq.ParquetFile(path) as parquet:
            schema = parquet.schema_arrow
            rows = parquet.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise unreadable_parquet(file, error) from error
    present = schema.names
    known, unknown = _split(file, present)
    for position in known:
        alike = _alike_fields(schema.field(position).type)
        if alike:
            raise UserError(
                f"{shown(file.path)} has in the column {present[position]} the fields "
                f"{' and '.join(alike)}, whose names differ in letter case at most; rename one of "
                "them, or write the column as JSON text."
            )
    # DuckDB's names for the columns are not the file's if two differ only in case: go by position.
    aliases = ", ".join(f"c{position}" for position in range(len(present)))
    relation = (
        f"read_parquet({duckdb_literal(path)}, hive_partitioning = false, "
        f"binary_as_string = true) AS file({aliases})"
    )
    try:
        described = con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    except duckdb.Error as error:
        raise unreadable_parquet(file, error) from error
    columns = {present[i]: SourceColumn(f"c{i}", str(described[i][1])) for i in known}
    return Reading(relation, rows, columns, unknown)


def _alike_fields(type_: pa.DataType) -> list[str]:
    """Fields of one struct, nested or not, to which DuckDB would give other names."""
    fields = [type_.field(position) for position in range(type_.num_fields)]
    alike: dict[str, list[str]] = {}
    for field in fields if pa.types.is_struct(type_) else ():
        alike.setdefault(field.name.casefold(), []).append(field.name)
    found = [names for names in alike.values() if len(names) > 1]
    found += [names for field in fields if (names := _alike_fields(field.type))]
    return found[0] if found else []


def unreadable_parquet(file: SourceFile, error: Exception) -> UserError:
    """The sentence for a Parquet file that is truncated, damaged, not UTF-8 or none at all."""
    reason = first_line(error).rstrip(".")
    bad_text = re.search(r'value (".*") is not valid UTF8', reason)
    if bad_text:
        return UserError(
            f"{shown(file.path)} has the text {bad_text[1]}, which is not UTF-8; write it as UTF-8."
        )
    return UserError(f"{shown(file.path)} is not a whole Parquet file ({reason}); write it again.")


def _open_csv(con: duckdb.DuckDBPyConnection, file: SourceFile, path: Path) -> Reading:
    # Python's reader judges the file, DuckDB's brings its cells. Python's is the stricter one: it
    # tells the line of a fault, and DuckDB's lets a row pass that has an empty cell too many.
    header, rows, nameless, blank_lines = _judged_csv(file, path)
    named = [name for name in header if name]
    _, unknown = _split(file, named)
    unknown += tuple(f"{position + 1} (it has no name)" for position in nameless)
    wanted = file.wanted()
    known = [position for position, name in enumerate(header) if name in wanted]
    cells = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(header)))
    delimiter, quote = sql_text(file.mapping.delimiter), sql_text(file.mapping.quote)
    try:
        con.execute(
            f"CREATE TEMP TABLE {STAGE} AS SELECT {', '.join(f'c{i}' for i in known)} "
            f"FROM read_csv({duckdb_literal(path)}, columns = {{{cells}}}, header = true, "
            f"auto_detect = false, delim = {delimiter}, quote = {quote}, escape = {quote}, "
            f"skip = {blank_lines}, nullstr = '', "
            f"strict_mode = true, max_line_size = {_CSV_LINE_BYTES}, "
            f"buffer_size = {_CSV_BUFFER_BYTES}, hive_partitioning = false)"
        )
    except duckdb.Error as error:
        if "maximum line size" in str(error).casefold():
            raise UserError(
                f"{shown(file.path)} has a row of more than {_CSV_LINE_BYTES >> 20} MiB; shorten "
                "it, or load the rows as Parquet."
            ) from error
        raise _doubtful_csv(file) from error
    if one_row(con, f"SELECT count(*) FROM {STAGE}") != (rows,):
        raise _doubtful_csv(file)
    columns = {header[position]: SourceColumn(f"c{position}") for position in known}
    return Reading(STAGE, rows, columns, unknown)


def _doubtful_csv(file: SourceFile) -> UserError:
    return UserError(
        f"{shown(file.path)} is CSV that can be read in more than one way; write it again with one "
        "kind of line end, quotes only around whole cells, and lines below "
        f"{_CSV_LINE_BYTES >> 20} MiB."
    )


def _judged_csv(file: SourceFile, path: Path) -> tuple[list[str], int, list[int], int]:
    """The header of a CSV file, its number of rows, and which columns have values but no name.

    The last number is that of the blank lines before the header.

    Blank lines are not rows. Raises `UserError`, naming the line, if the file is not UTF-8, its
    cells are not parted by commas, a quote is astray or open, or a row has not as many cells as the
    header.
    """
    csv.field_size_limit(_CSV_LINE_BYTES)
    with path.open(encoding="utf-8-sig", newline="") as text:
        try:
            lines = list(islice(text, _HEADER_LINES))
            blank_lines = next((i for i, line in enumerate(lines) if line.strip("\r\n")), 0)
            _check_delimiter(file, next(filter(str.strip, lines), ""))
            _check_header(file, lines)
            text.seek(0)
            reader = csv.reader(
                text, strict=True, delimiter=file.mapping.delimiter, quotechar=file.mapping.quote
            )
            header = [name.strip() and name for name in next((row for row in reader if row), [])]
            blank = [position for position, name in enumerate(header) if not name]
            nameless: set[int] = set()
            rows = 0
            for width in map(len, _noting_values(reader, blank, nameless) if blank else reader):
                if width == len(header):
                    rows += 1
                elif width:
                    raise UserError(
                        f"{shown(file.path)} is malformed CSV: the header has {len(header)} cells, "
                        f"line {reader.line_num} has {width}; quote cells that hold "
                        f"{_MARKS.get(file.mapping.delimiter, repr(file.mapping.delimiter))}."
                    )
        except csv.Error as error:
            if "field limit" in str(error):
                raise UserError(
                    f"{shown(file.path)} has a cell of more than {_CSV_LINE_BYTES >> 20} MiB that "
                    f"ends after line {reader.line_num}; close its quote if it should end before, "
                    "else shorten it, or load the rows as Parquet."
                ) from error
            raise UserError(
                f"{shown(file.path)} is malformed CSV at line {reader.line_num} ({error}); check "
                "the quotes there."
            ) from error
        except UnicodeDecodeError as error:
            check_utf8(file, path)
            raise UserError(f"{shown(file.path)} is not UTF-8 text; save it as UTF-8.") from error
    return header, rows, sorted(nameless), blank_lines


def _noting_values(
    rows: Iterable[list[str]], positions: Sequence[int], found: set[int]
) -> Iterator[list[str]]:
    """The rows, adding to `found` those of the positions at which a row has a value."""
    for row in rows:
        found.update(i for i in positions if i < len(row) and row[i].strip())
        yield row


def _check_header(file: SourceFile, lines: Sequence[str]) -> None:
    """Raise `UserError` if names of columns stand first in a line that is not the first."""
    wanted = file.wanted()
    for number, line in enumerate(lines, start=1):
        cells = line.replace(file.mapping.quote, "").strip("\r\n").split(file.mapping.delimiter)
        names = wanted & {cell.strip() for cell in cells}
        if len(names) > 1 and any(before.strip("\r\n") for before in lines[: number - 1]):
            raise UserError(
                f"{shown(file.path)} has its header in line {number}; remove the lines before it."
            )
        if names:
            return


def _check_delimiter(file: SourceFile, header: str) -> None:
    """Raise `DelimiterError` if names of columns stand in the first line between other marks."""
    wanted = file.wanted()
    folded = {name.casefold() for name in wanted}
    delimiter, quote = file.mapping.delimiter, file.mapping.quote
    line = header.replace(quote, "").strip("\r\n")
    if wanted & {cell.strip() for cell in line.split(delimiter)}:
        return
    hint = re.match(r"(?i)sep=(.)", line)
    if hint and hint[1] == delimiter:
        raise UserError(
            f"{shown(file.path)} begins with the line {line!r} and not with the header; remove it."
        )
    others = [hint[1] if hint else "", ",", ";", "\t", "|", *sorted(set(re.sub(r"\w", "", line)))]
    for mark in (mark for mark in others if mark and mark != delimiter):
        cells = {cell.strip().casefold() for cell in line.split(mark)}
        if len(folded & cells) > 1 or (hint and mark == hint[1]):
            raise DelimiterError(
                f"The cells of {shown(file.path)} are separated by {_MARKS.get(mark, repr(mark))}; "
                f"save it with {_MARKS.get(delimiter, repr(delimiter))} between them, or name the "
                "delimiter in a mapping.",
                mark,
            )
