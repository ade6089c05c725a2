"""Reading a mapping from YAML, and refusing what it cannot mean."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePath
from typing import NoReturn

import duckdb
import yaml
from sqlalchemy import Table

from tutormax.errors import UserError
from tutormax.load.columns import Kind, kinds
from tutormax.load.convert import REGION, SourceColumn, convert, sql_text
from tutormax.load.files import shown
from tutormax.load.mapping import EPOCHS, ColumnMapping, Mapping, TableMapping
from tutormax.load.repeated_keys import add_functions
from tutormax.schema import SOURCE_TABLES
from tutormax.warehouse import one_row

_Entries = dict[str, tuple[yaml.Node, yaml.Node]]
_DIALECT = ("delimiter", "quote", "encoding", "decimal")
ROOT_KEYS = ("null", "time_zone", *_DIALECT, "tables")
TABLE_KEYS = ("files", "null", *_DIALECT, "columns")
COLUMN_KEYS = ("from", "value", "format", "time_zone", "values", "list", "decimal")
_WAYS = ("format", "values", "list", "decimal")
_FITTING = {
    "format": (Kind.TIMESTAMP,),
    "time_zone": (Kind.TIMESTAMP,),
    "list": (Kind.ARRAY,),
    "decimal": (Kind.DOUBLE, Kind.INTEGER),
}
# A format that tells less than the whole day, or 11 for both 11 and 23, would be completed by
# defaults. What is written by a format must come back from it, to the unit that it has.
_WHOLE_DAY = """
    SELECT CAST(try_strptime(strftime(t, $1), $1) AS TIMESTAMP) IN
        (date_trunc('day', t), date_trunc('hour', t), date_trunc('minute', t), t)
    FROM (SELECT TIMESTAMPTZ '2024-11-23 23:45:56+00' AS t)
"""


def read_mapping(path: Path) -> Mapping:
    """The mapping that a YAML file declares.

    Raises `UserError`, with the line, if the file cannot be read or declares what cannot be.
    """
    try:
        # Every scalar is text to this loader: no, null and 1.0 are words of the files.
        root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)
    except OSError as error:
        raise UserError(
            f"The mapping {shown(path)} cannot be read: {error.strerror}; check its name."
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(f"The mapping {shown(path)} is not UTF-8; save it as UTF-8.") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or "it is not text that YAML can hold"
        raise UserError(f"{shown(path)}{where}: not YAML ({why}); correct it.") from error
    if root is None:
        raise UserError(f"The mapping {shown(path)} is empty; see examples/mappings.")
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        add_functions(con)
        return _MappingReader(path, con).mapping(root)


class _MappingReader:
    def __init__(self, path: Path, con: duckdb.DuckDBPyConnection) -> None:
        self._path = path
        self._con = con

    def mapping(self, root: yaml.Node) -> Mapping:
        entries = self._entries(root, "a mapping", ROOT_KEYS)
        nulls = self._texts(entries, "null")
        default = TableMapping(nulls=nulls, zone=self._zone(entries) or "UTC")
        default = self._with_dialect(default, entries)
        names = {table.name: table for table in SOURCE_TABLES}
        declared = (
            self._entries(entries["tables"][1], "tables", names) if "tables" in entries else {}
        )
        tables = {
            name: self._table(names[name], node, default) for name, (_, node) in declared.items()
        }
        return Mapping(tables, default)

    def _table(self, table: Table, node: yaml.Node, default: TableMapping) -> TableMapping:
        entries = self._entries(node, table.name, TABLE_KEYS)
        where, globs = "", self._texts(entries, "files")
        if "files" in entries:
            where = self._where(entries["files"][0])
        for glob in globs:
            if not _is_glob(glob):
                self._refuse(
                    entries["files"][0], f"{glob!r} is not a glob", "name files in the folder"
                )
        columns = {}
        if "columns" in entries:
            column_kinds = kinds(table)
            listed = self._entries(entries["columns"][1], f"columns of {table.name}", column_kinds)
            columns = {
                name: self._column(name, column_kinds[name], key, value)
                for name, (key, value) in listed.items()
            }
        nulls = (*default.nulls, *self._texts(entries, "null"))
        table_mapping = replace(default, globs=globs, where=where, nulls=nulls, columns=columns)
        return self._with_dialect(table_mapping, entries)

    def _with_dialect(self, mapping: TableMapping, entries: _Entries) -> TableMapping:
        """The mapping, with what the entries say of how text files are written."""
        dialect = {name: self._text(entries[name][1]) for name in _DIALECT if name in entries}
        for name in dialect.keys() & {"delimiter", "quote"}:
            if len(dialect[name].encode()) != 1 or dialect[name] in "\r\n\0":
                self._refuse(
                    entries[name][0],
                    f"the {name} is not one character of ASCII",
                    'write one like ";"',
                )
        if "encoding" in dialect and not _is_encoding(dialect["encoding"]):
            self._refuse(
                entries["encoding"][0],
                f"the encoding {dialect['encoding']!r} is unknown",
                "write one like windows-1252",
            )
        if "decimal" in dialect:
            self._check_decimal(entries["decimal"][0], dialect["decimal"])
        mapping = replace(
            mapping,
            delimiter=dialect.get("delimiter", mapping.delimiter),
            quote=dialect.get("quote", mapping.quote),
            encoding=dialect.get("encoding", mapping.encoding),
            decimal=dialect.get("decimal", mapping.decimal),
        )
        if mapping.delimiter == mapping.quote:
            key = entries.get("delimiter") or entries["quote"]
            self._refuse(key[0], "the delimiter is also the quote", "change one of them")
        return mapping

    def _check_decimal(self, key: yaml.Node, decimal: str) -> None:
        if decimal not in ("", ","):
            self._refuse(key, f"decimal {decimal!r} is unknown", 'write ","')

    def _column(self, name: str, kind: Kind, key: yaml.Node, node: yaml.Node) -> ColumnMapping:
        where = self._where(key)
        if isinstance(node, yaml.ScalarNode):
            return ColumnMapping(self._text(node), where)
        entries = self._entries(node, name, COLUMN_KEYS)
        if "value" in entries:
            if len(entries) > 1:
                self._refuse(node, f"{name} has a constant value and more", "keep one of them")
            constant = self._text(entries["value"][1])
            self._check_value(name, kind, constant, entries["value"][1])
            return ColumnMapping(None, where, constant=constant)
        if "from" not in entries:
            self._refuse(node, f"{name} has no 'from'", "name the column of the file")
        if len(ways := [way for way in _WAYS if way in entries]) > 1:
            self._refuse(node, f"{name} has {' and '.join(ways)}", "keep one of them")
        for way, fitting in _FITTING.items():
            if way in entries and kind not in fitting:
                self._refuse(entries[way][0], f"{way!r} does not suit {name}", "remove it")
        decimal = self._text(entries["decimal"][1]) if "decimal" in entries else ""
        if decimal:
            self._check_decimal(entries["decimal"][0], decimal)
        mark = self._text(entries["list"][1]) if "list" in entries else ""
        if "list" in entries and not mark:
            self._refuse(entries["list"][0], "the separator is empty", "name a separator or python")
        return ColumnMapping(
            self._text(entries["from"][1]),
            where,
            formats=self._formats(entries),
            zone=self._zone(entries),
            values=self._values(name, kind, entries),
            list_mark=mark,
            decimal=decimal,
        )

    def _formats(self, entries: _Entries) -> tuple[str, ...]:
        formats = self._texts(entries, "format")
        for format_ in formats:
            if format_ in EPOCHS:
                continue
            try:
                (whole,) = one_row(self._con, _WHOLE_DAY, [format_])
            except duckdb.Error:
                whole = False
            if not whole:
                self._refuse(
                    entries["format"][0],
                    f"strptime cannot read a whole date by the format {format_!r}",
                    'write one like "%m/%d/%Y %I:%M %p", epoch_s or epoch_ms',
                )
        if "format" in entries and not formats:
            self._refuse(entries["format"][0], "the list of formats is empty", "name a format")
        return formats

    def _values(self, name: str, kind: Kind, entries: _Entries) -> dict[str, str]:
        if "values" not in entries:
            return {}
        node = entries["values"][1]
        values = {}
        for word, (_, value) in self._entries(node, "values").items():
            values[word.strip()] = self._text(value)
            self._check_value(name, kind, values[word.strip()], value)
        if not values:
            self._refuse(node, "values is empty", "name at least one value")
        return values

    def _check_value(self, name: str, kind: Kind, value: str, node: yaml.Node) -> None:
        relation = f"(SELECT {sql_text(value)} AS c0)"
        if try_reading(self._con, kind, relation, SourceColumn("c0"))[0]:
            self._refuse(node, f"the value {value!r} of {name} is not {kind}", "correct it")

    def _zone(self, entries: _Entries) -> str | None:
        if "time_zone" not in entries:
            return None
        zone = self._text(entries["time_zone"][1])
        if not re.fullmatch(f"UTC|GMT|{REGION}", zone):
            self._refuse(
                entries["time_zone"][0],
                f"the time zone {zone!r} is not the name of a region",
                "write one like America/New_York, or UTC",
            )
        try:
            self._con.execute(f"SELECT timezone({sql_text(zone)}, TIMESTAMP '2024-01-01')")
        except duckdb.Error:
            self._refuse(
                entries["time_zone"][0],
                f"the time zone {zone!r} is unknown",
                "write one like America/New_York",
            )
        return zone

    def _entries(
        self, node: yaml.Node, what: str, known: Collection[str] | None = None
    ) -> _Entries:
        """Keys and values of a YAML mapping by key, none twice and each of them `known`."""
        if not isinstance(node, yaml.MappingNode):
            self._refuse(node, f"{what} is not a list of 'key: value'", "see examples/mappings")
        entries: _Entries = {}
        for key, value in node.value:
            name = self._text(key)
            if known is not None and name not in known:
                self._refuse(key, f"{name!r} is unknown in {what}", f"use {', '.join(known)}")
            if name in entries:
                self._refuse(key, f"{name!r} is given twice in {what}", "keep one of them")
            entries[name] = (key, value)
        return entries

    def _texts(self, entries: _Entries, key: str) -> tuple[str, ...]:
        """A text or a list of texts, without blanks around them."""
        if key not in entries:
            return ()
        node = entries[key][1]
        listed = node.value if isinstance(node, yaml.SequenceNode) else [node]
        return tuple(self._text(element).strip() for element in listed)

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self._refuse(node, "there is no single text here", "write one, in quotes if need be")
        text = str(node.value)
        try:
            text.replace("\0", "\ud800").encode("utf-8")
        except UnicodeEncodeError:
            self._refuse(node, "a character there cannot be stored", "remove it")
        return text

    def _where(self, node: yaml.Node) -> str:
        return f"{shown(self._path)}, line {node.start_mark.line + 1}"

    def _refuse(self, node: yaml.Node, what: str, remedy: str) -> NoReturn:
        raise UserError(f"{self._where(node)}: {what}; {remedy}.")


def _is_encoding(name: str) -> bool:
    try:
        # Python has codecs that are no encodings, such as base64.
        "a".encode(name)
    except (LookupError, ValueError):
        return False
    return True


def _is_glob(text: str) -> bool:
    if ".." in PurePath(text).parts:
        return False
    try:
        # No file is below the path; only the pattern is looked at.
        return not any(Path(os.devnull).glob(text))
    except (ValueError, IndexError, NotImplementedError):
        return False


def try_reading(
    con: duckdb.DuckDBPyConnection, kind: Kind, relation: str, column: SourceColumn
) -> tuple[int, str]:
    """How many values of a column do not fit `kind`, and all that the values become as one text.

    `relation` has the column, and the file's own texts as `c0`.
    """
    conversion = convert(kind, column)
    value, fault = conversion.value.replace("{guess}", "g"), conversion.unreadable
    count, values = one_row(
        con,
        f"SELECT count(*) FILTER ({fault.replace('{value}', 'v')}), "
        f"string_agg(coalesce(v::VARCHAR, ''), chr(10) ORDER BY c0) FROM (SELECT *, {value} AS v "
        f"FROM (SELECT *, {conversion.guess} AS g FROM {relation}))",
    )
    return int(count), str(values)
