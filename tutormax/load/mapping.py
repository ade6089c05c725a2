"""What a mapping declares about a source system's files, and the SQL that reads them so."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from sqlalchemy import Table

from tutormax.load.columns import Kind, kinds
from tutormax.load.convert import (
    OFFSET,
    REGION,
    SourceColumn,
    array_from_text,
    as_text,
    in_calendar,
    in_zone,
    is_time,
    sql_text,
    trim,
)
from tutormax.load.python_lists import python_list

EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000}
"""Formats that are not strptime's, each with the microseconds of its unit."""

PYTHON_LIST = "python"
_DIRECTIVE = re.compile(r"%-?(.)|\s+|[^%\s]+")
_ZONES = {"z": OFFSET, "Z": f"(?i:UTC|GMT)|{REGION}"}


@dataclass(frozen=True)
class ColumnMapping:
    """How one raw column is read: from the file's column `source`, or as a constant.

    `where` is the file and line that declare it. `list_mark` is a separator, or `PYTHON_LIST`.
    """

    source: str | None
    where: str = ""
    constant: str | None = None
    formats: tuple[str, ...] = ()
    zone: str | None = None
    values: dict[str, str] = field(default_factory=dict)
    list_mark: str = ""
    decimal: str = ""


@dataclass(frozen=True)
class TableMapping:
    """How the files of one raw table are read: the default is as they are.

    `globs` name the files; if there are none, the usual names count. `nulls` are texts that stand
    for null, `zone` is the time zone of times without one. `delimiter` and `quote` are those of
    CSV; `encoding` is that of text files, UTF-8 if empty; `decimal` is a comma if numbers have one.
    """

    globs: tuple[str, ...] = ()
    where: str = ""
    nulls: tuple[str, ...] = ()
    zone: str = "UTC"
    delimiter: str = ","
    quote: str = '"'
    encoding: str = ""
    decimal: str = ""
    columns: dict[str, ColumnMapping] = field(default_factory=dict)

    def sources(self, table: Table) -> dict[str, str]:
        """The file's column that each raw column is read from; constants have none."""
        declared = ((name, self.of(name).source) for name in kinds(table))
        return {name: source for name, source in declared if source is not None}

    def constants(self) -> set[str]:
        """The raw columns that are constants."""
        return {name for name, column in self.columns.items() if column.constant is not None}

    def of(self, name: str) -> ColumnMapping:
        """The mapping of a raw column; one that is not declared keeps its name."""
        return self.columns.get(name, ColumnMapping(name))

    def apply(
        self, table: Table, relation: str, found: dict[str, SourceColumn]
    ) -> tuple[str, dict[str, SourceColumn]]:
        """The relation with what is declared computed, and its columns by raw name.

        `found` has the columns of `relation` by the file's names.
        """
        nulled: list[str] = []
        parsed: list[str] = []
        columns: dict[str, SourceColumn] = {}
        for i, (name, kind) in enumerate(kinds(table).items()):
            declared = self.of(name)
            if declared.constant is not None:
                columns[name] = SourceColumn(sql_text(declared.constant))
                continue
            source = found.get(declared.source or "")
            if source is None:
                continue
            # JSON has numbers of its own, which have points.
            if kind in (Kind.DOUBLE, Kind.INTEGER) and source.nested is None and self.decimal:
                declared = replace(declared, decimal=self.decimal)
            zone = declared.zone or self.zone
            column = replace(source, zone=zone, text=source.text or as_text(source))
            if self.nulls:
                words = ", ".join(map(sql_text, self.nulls))
                nulled.append(
                    f"CASE WHEN {trim(as_text(source))} NOT IN ({words}) "
                    f"THEN {source.ref} END AS n{i}"
                )
                column = replace(column, ref=f"n{i}", present=f"n{i} IS NOT NULL")
            reading = _reading(declared, column, zone)
            if reading is not None:
                value, sql_type, expected = reading
                parsed.append(f"{value} AS m{i}")
                present = f"{column.ref} IS NOT NULL"
                column = replace(
                    column, ref=f"m{i}", sql_type=sql_type, expected=expected, present=present
                )
                if kind is Kind.TEXT:
                    column = replace(column, nested=None)
            columns[name] = column
        for layer in (nulled, parsed):
            if layer:
                relation = f"(SELECT *, {', '.join(layer)} FROM {relation})"
        return relation, columns


@dataclass(frozen=True)
class Mapping:
    """A whole mapping; `default` is for tables that it does not name."""

    tables: dict[str, TableMapping] = field(default_factory=dict)
    default: TableMapping = field(default_factory=TableMapping)

    def of(self, table: Table) -> TableMapping:
        """The mapping of a raw table."""
        return self.tables.get(table.name, self.default)


def _reading(
    declared: ColumnMapping, column: SourceColumn, zone: str
) -> tuple[str, str, str] | None:
    """SQL of a column that is not read as usual, its type, and what its texts should be."""
    text = trim(as_text(column))
    if declared.values:
        cases = " ".join(
            f"WHEN {sql_text(word)} THEN {sql_text(value)}"
            for word, value in declared.values.items()
        )
        return f"CASE {text} {cases} END", "VARCHAR", "one of the values of the mapping"
    # A typed column of a Parquet file has nothing to parse.
    if declared.formats and not is_time(column.sql_type):
        instants = ", ".join(_instant(text, format_, zone) for format_ in declared.formats)
        of_zone = "" if zone == "UTC" else f" of {zone}"
        formats = " or ".join(declared.formats)
        expected = f"a time{of_zone} in the format {formats}, from the year 1000 on"
        return f"coalesce({instants})", "TIMESTAMP WITH TIME ZONE", expected
    if declared.decimal and column.sql_type == "VARCHAR":
        # A point beside a decimal comma may part thousands, or be the decimal point after all.
        number = f"CASE WHEN NOT contains({text}, '.') THEN replace({text}, ',', '.') END"
        return number, "VARCHAR", "a number with a decimal comma"
    if declared.list_mark and column.sql_type == "VARCHAR":
        python = declared.list_mark == PYTHON_LIST
        as_list = python_list(text) if python else _split(text, declared.list_mark)
        if column.nested is not None:
            as_list = f"CASE WHEN {column.nested} THEN {array_from_text(text)} ELSE {as_list} END"
        how = "as Python writes it" if python else f"separated by {declared.list_mark!r}"
        return as_list, "VARCHAR[]", f"a list {how}"
    return None


def _split(text: str, mark: str) -> str:
    # A bracket begins a list of another notation, whose marks would end up in the elements.
    elements = f"list_transform(string_split({text}, {sql_text(mark)}), lambda e: {trim('e')})"
    return (
        f"CASE WHEN NOT regexp_matches({text}, '^[\\[{{]') "
        f"THEN list_filter({elements}, lambda e: e <> '') END"
    )


def _instant(text: str, format_: str, zone: str) -> str:
    if format_ in EPOCHS:
        # Cut to microseconds, not rounded.
        number = f"TRY_CAST({text} AS DECIMAL(30, 12)) * {EPOCHS[format_]}"
        number = f"CASE WHEN NOT contains({text}, '_') THEN {number} END"
        instant = f"TRY(make_timestamptz(TRY_CAST(floor({number}) AS BIGINT)))"
    else:
        # Digits behind the microsecond are cut, as everywhere: strptime would refuse them.
        cut = _DIRECTIVE.sub(lambda part: "%f" if part[1] == "n" else part[0], format_)
        if cut != format_ or "%f" in format_:
            text = rf"regexp_replace({text}, '(\.[0-9]{{6}})[0-9]+', '\1')"
        format_ = cut
        instant = f"try_strptime({text}, {sql_text(format_)})"
        pattern, names_zone = _pattern(format_)
        own = _with_own_zone(text, format_, pattern)
        instant = own if names_zone else in_zone(instant, zone)
    # DuckDB takes 24 for the year 24 where %Y stands.
    return f"CASE WHEN {in_calendar(instant, year=1000)} THEN {instant} END"


def _with_own_zone(text: str, format_: str, pattern: str) -> str:
    """The instant of a text that names its zone: UTC, an offset up to 18 hours, or a region."""
    # DuckDB takes BST for Dhaka's, adds +99:99, and moves a time that clocks skip.
    zone = f"regexp_extract({text}, {sql_text(pattern)}, 1)"
    instant = f"try_strptime({text}, {sql_text(format_)})"
    naive = f"timezone('UTC', try_strptime(replace({text}, {zone}, 'UTC'), {sql_text(format_)}))"
    return (
        f"CASE WHEN NOT regexp_full_match({text}, {sql_text(pattern)}) THEN NULL "
        f"WHEN contains({zone}, '/') AND TRY(timezone({zone}, {instant})) IS DISTINCT FROM {naive} "
        f"THEN NULL ELSE {instant} END"
    )


def _pattern(format_: str) -> tuple[str, bool]:
    """A regular expression of texts in a strptime format, and whether it has a group: the zone."""
    names_zone = False
    pattern = "(?s)"
    for part in _DIRECTIVE.finditer(format_):
        if part[1] in _ZONES:
            names_zone = True
            pattern += f"({_ZONES[part[1]]})"
        elif part[1] is not None:
            pattern += "%" if part[1] == "%" else ".*?"
        else:
            pattern += r"\s+" if part[0].isspace() else re.escape(part[0])
    return pattern, names_zone


def missing_sources(mapping: TableMapping, present: Collection[str]) -> dict[str, ColumnMapping]:
    """The declared columns whose column of the file is not among those present."""
    return {
        name: column
        for name, column in mapping.columns.items()
        if column.source is not None and column.source not in present
    }
