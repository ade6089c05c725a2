"""`tutormax load --explain`: what would not load, and the line of a mapping that would mend it."""

from __future__ import annotations

import difflib
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import duckdb

from tutormax.errors import UserError
from tutormax.load.columns import Kind, kinds
from tutormax.load.convert import SourceColumn
from tutormax.load.files import (
    DelimiterError,
    MissingColumnsError,
    SourceFile,
    find_files,
    letters,
    shown,
)
from tutormax.load.loader import LoadReport, TableCount, reading_duckdb
from tutormax.load.mapping import EPOCHS, PYTHON_LIST, ColumnMapping, Mapping
from tutormax.load.mapping_file import try_reading
from tutormax.load.readers import open_file
from tutormax.load.statements import Statements, most_frequent, part_rows
from tutormax.warehouse import first_line, one_row

_MOST_TEXTS = 1000
_MOST_WORDS = 12
_TEXTS = "temp.main.tutormax_texts"
_NULLS = {"", "-", "--", "?", "n/a", "na", "nan", "nat", "nil", "none", "null"}
_TRUE = {"true", "t", "yes", "y", "1", "1.0", "x", "on", "checked", "ja", "oui", "si", "sí"}
_FALSE = {"false", "f", "no", "n", "0", "0.0", "off", "unchecked", "nein", "non"}
_NO_SHOW = {"no show", "no-show", "noshow", "missed", "absent"}
_SHOW = {"show", "attended", "present", "completed", "held"}
_DAYS = (
    *("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y", "%Y-%m-%d", "%Y/%m/%d"),
    *("%m/%d/%y", "%d/%m/%y", "%d.%m.%y"),
)
_NAMED_DAYS = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y")
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %I:%M %p")
_ISO = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S")
_FORMATS = (
    *(day + time for day in (*_DAYS, *_NAMED_DAYS) for time in _TIMES),
    *("%Y%m%d", "%Y%m%d%H%M%S", "%Y%m%dT%H%M%S"),
    *("%a, %d %b %Y %H:%M:%S %z", "%a %b %d %H:%M:%S %Y", "%A, %B %d, %Y %I:%M %p"),
)
# A number counts as one since 1970 if it then stands for a time of the years 2000 to 2100.
_FIRST_SECOND, _LAST_SECOND = 946_684_800, 4_102_444_800


@dataclass(frozen=True)
class Finding:
    """What keeps rows from loading, the place in a mapping that would mend it, and its lines.

    Each of `lines` would mend it alone; with more than one, the file cannot tell which is meant.
    """

    problem: str
    place: str = ""
    lines: tuple[str, ...] = ()


def explain_directory(directory: Path, mapping: Mapping) -> tuple[LoadReport, tuple[Finding, ...]]:
    """What `load_directory` would do with a directory, and what would not load; loads nothing.

    A file that would stop the load is a finding, and the others are still read. Raises `UserError`
    if the files cannot be found at all.
    """
    found = find_files(directory, mapping)
    counts: list[TableCount] = []
    findings: list[Finding] = []
    files = list(found.files)
    while files:
        file = files.pop(0)
        with (
            tempfile.TemporaryDirectory(prefix="tutormax-explain-") as scratch,
            reading_duckdb(Path(scratch)) as con,
        ):
            try:
                reading = open_file(con, file, Path(scratch))
                statements = part_rows(file.table, reading, datetime.now(UTC))
                (bad,) = one_row(con, f"SELECT count(*) FROM ({statements.unreadable})")
                reasons = most_frequent(con, statements) if bad else ()
                counts.append(
                    TableCount(
                        *(file.table.name, file.path, reading.rows, reading.rows - bad, bad),
                        *(reading.unknown, reasons),
                    )
                )
                if bad:
                    explained = tuple(_Explanation(con, file, statements).findings())
                    findings += explained or [Finding(f"{shown(file.path)}: {'; '.join(reasons)}.")]
            except DelimiterError as error:
                line = f"delimiter: {json.dumps(error.mark)}"
                findings.append(Finding(str(error), f"tables: {file.table.name}", (line,)))
                # With it, the file may show more.
                files.insert(0, replace(file, mapping=replace(file.mapping, delimiter=error.mark)))
            except MissingColumnsError as error:
                findings += _missing(error)
            except UserError as error:
                findings.append(Finding(str(error)))
            except duckdb.Error as error:
                why = first_line(error)
                findings.append(Finding(f"{shown(file.path)} cannot be read: {why}"))
    return LoadReport(tuple(counts), "", found.passed_over), tuple(findings)


def _missing(error: MissingColumnsError) -> Iterator[Finding]:
    yield Finding(str(error))
    taken = error.file.wanted()
    free = {letters(name): name for name in error.present if name not in taken}
    for name in error.missing:
        wanted = error.file.mapping.of(name).source or name
        alike = difflib.get_close_matches(letters(wanted), free, 1, 0.5)
        if alike:
            source = free[alike[0]]
            yield Finding(
                f"{name}: the most similar column of the file is {source!r}.",
                _place(error.file),
                (f"{name}: {_yaml(source)}",),
            )


def _place(file: SourceFile) -> str:
    return f"tables: {file.table.name}: columns"


def _yaml(text: str) -> str:
    """A text as YAML takes it wherever it stands."""
    plain = re.fullmatch(r"[A-Za-z0-9_](?:[\w /.-]*\w)?", text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def _listed(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_yaml, texts))}]"


class _Explanation:
    """What is unreadable in one file, column by column."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, file: SourceFile, statements: Statements
    ) -> None:
        self._con = con
        self._file = file
        self._statements = statements

    def findings(self) -> Iterator[Finding]:
        words: dict[str, None] = {}
        for name, query in self._statements.texts.items():
            count, example = one_row(
                self._con, f"SELECT count(*), min(text) FROM ({query}) WHERE fault"
            )
            if not count:
                continue
            bad, good = self._sample(query, "fault"), self._sample(query, "NOT fault")
            nulls = [text for text in bad if text.strip().casefold() in _NULLS]
            words |= dict.fromkeys(text.strip() for text in nulls)
            bad = [text for text in bad if text not in nulls]
            lines = tuple(self._lines(name, bad, good)) if bad else ()
            noun = "value" if count == 1 else "values"
            problem = (
                f"{shown(self._file.path)}: {count} unreadable {noun} of {name}, for example "
                f"{example[:100]!r}."
            )
            yield Finding(problem, _place(self._file) if lines else "", lines)
        if words:
            yield Finding(
                f"{shown(self._file.path)}: words that look like null.",
                f"tables: {self._file.table.name}",
                (f"null: {_listed([*self._file.mapping.nulls, *words])}",),
            )

    def _sample(self, query: str, condition: str) -> list[str]:
        # The first by the alphabet would all be of January.
        rows = self._con.execute(
            f"SELECT text FROM (SELECT DISTINCT text FROM ({query}) WHERE text IS NOT NULL "
            f"AND {condition}) ORDER BY hash(text), text LIMIT {_MOST_TEXTS}"
        ).fetchall()
        return sorted(str(text) for (text,) in rows)

    def _lines(self, name: str, bad: list[str], good: list[str]) -> Iterator[str]:
        """Lines of a mapping that read both what is unreadable now and what is not."""
        kind = kinds(self._file.table)[name]
        declared = self._file.mapping.of(name)
        if kind is Kind.TIMESTAMP:
            candidates = self._times(name, declared, bad, good)
        elif kind is Kind.BOOLEAN:
            candidates = _booleans(name, declared, bad, good)
        elif kind is Kind.ARRAY:
            candidates = self._lists(name, declared, bad)
        else:
            candidates = iter([replace(declared, decimal=",", values={})])
        seen = set()
        for candidate in candidates:
            misfits, values = self._try(name, candidate, [*bad, *good])
            # Two formats that give the same times, as %b and %B of May, are one.
            if not misfits and values not in seen:
                seen.add(values)
                yield f"{name}: {{{', '.join(_written(candidate))}}}"

    def _try(self, name: str, column: ColumnMapping, texts: list[str]) -> tuple[int, str]:
        self._con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_TEXTS} AS SELECT unnest($1::VARCHAR[]) AS c0", [texts]
        )
        mapping = replace(self._file.mapping, columns={name: replace(column, source="c0")})
        relation, columns = mapping.apply(self._file.table, _TEXTS, {"c0": SourceColumn("c0")})
        return try_reading(self._con, kinds(self._file.table)[name], relation, columns[name])

    def _times(
        self, name: str, declared: ColumnMapping, bad: list[str], good: list[str]
    ) -> Iterator[ColumnMapping]:
        for format_ in (*_FORMATS, *EPOCHS):
            if format_ in EPOCHS and not _since_1970(bad, EPOCHS[format_]):
                continue
            column = replace(declared, formats=(format_,), values={})
            if self._try(name, column, bad)[0]:
                continue
            if not self._try(name, column, good)[0]:
                yield column
                continue
            # What is readable now must stay so.
            for other in declared.formats or _ISO:
                both = replace(column, formats=(format_, other))
                if not self._try(name, both, good)[0]:
                    yield both
                    break

    def _lists(self, name: str, declared: ColumnMapping, bad: list[str]) -> Iterator[ColumnMapping]:
        python = replace(declared, list_mark=PYTHON_LIST, values={})
        if not self._try(name, python, bad)[0]:
            yield python
            return
        marks = [mark for mark in ",;|" if any(mark in text for text in bad)]
        yield from (replace(declared, list_mark=mark, values={}) for mark in marks or [","])


def _since_1970(texts: list[str], unit: int) -> bool:
    second = 1_000_000 // unit
    try:
        return all(_FIRST_SECOND <= float(text) / second < _LAST_SECOND for text in texts)
    except ValueError:
        return False


def _booleans(
    name: str, declared: ColumnMapping, bad: list[str], good: list[str]
) -> Iterator[ColumnMapping]:
    """Values for each word of a column; both ways round if the words do not tell."""
    yes, no = (_NO_SHOW | _TRUE, _SHOW | _FALSE) if name == "no_show" else (_TRUE, _FALSE)
    words = list(dict.fromkeys(text.strip() for text in [*bad, *good]))
    told = dict(declared.values)
    for word in words:
        if word not in told and word.casefold() in yes | no:
            told[word] = "true" if word.casefold() in yes else "false"
    untold = [word for word in words if word not in told]
    if len(words) > _MOST_WORDS or len(untold) > 2:
        return
    for values in product(("true", "false"), repeat=len(untold)):
        meant = told | dict(zip(untold, values, strict=True))
        if not untold or len(meant) != 2 or len(set(meant.values())) == 2:
            yield replace(declared, values=meant, formats=(), list_mark="", decimal="")


def _written(column: ColumnMapping) -> Iterator[str]:
    yield f"from: {_yaml(column.source or '')}"
    if column.formats:
        formats = [f if f in EPOCHS else json.dumps(f) for f in column.formats]
        yield f"format: {formats[0] if len(formats) == 1 else '[' + ', '.join(formats) + ']'}"
    if column.zone:
        yield f"time_zone: {column.zone}"
    if column.values:
        pairs = (f"{_yaml(word)}: {_yaml(value)}" for word, value in column.values.items())
        yield f"values: {{{', '.join(pairs)}}}"
    if column.list_mark:
        yield f"list: {_yaml(column.list_mark)}"
    if column.decimal:
        yield f"decimal: {json.dumps(column.decimal)}"
