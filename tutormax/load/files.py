"""Which files of a directory belong to which raw table, and what makes a whole file unfit."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Table

from tutormax.errors import UserError
from tutormax.load.columns import REQUIRED
from tutormax.load.mapping import Mapping, TableMapping, missing_sources
from tutormax.load.signatures import is_json, looks_like_table, what_it_is
from tutormax.schema import SOURCE_TABLES

FORMATS: dict[str, str] = {
    "parquet": "parquet",
    "csv": "csv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "json",
}
"""The endings of files that are read, and the format that each stands for."""

COMPRESSIONS: dict[str, str] = {"gz": "gzip", "zst": "zstd"}

_ENDING = re.compile(rf"\.({'|'.join(FORMATS)})(?:\.({'|'.join(COMPRESSIONS)}))?\Z")
# Read as CSV if a mapping names the file and its delimiter.
_DELIMITED_ENDING = re.compile(rf"\.(?:tsv|tab|psv|txt)(?:\.({'|'.join(COMPRESSIONS)}))?\Z")
# What may stand between a table's name and the ending: a number, a year, a part.
_PART = re.compile(r"(?:[-_. ]?[\w.-]*[0-9][\w.-]*)?\Z")
_NAMES = (
    "a file is called <table>.csv, .parquet, .jsonl, .ndjson or .json, with a part such as _2025 "
    "before the ending and .gz or .zst after it if need be, and the files of a table may lie in a "
    f"directory of its name; the tables are {', '.join(table.name for table in SOURCE_TABLES)}; a "
    "mapping can name other files"
)


@dataclass(frozen=True)
class SourceFile:
    """One file to load: its path, its format and the raw table it belongs to.

    `format` is a value of `FORMATS`, `compression` is a value of `COMPRESSIONS`, or None.
    """

    path: Path
    format: str
    table: Table
    compression: str | None = None
    mapping: TableMapping = field(default_factory=TableMapping, hash=False)

    def wanted(self) -> set[str]:
        """The names of the file's columns that are read, if it has them."""
        return set(self.mapping.sources(self.table).values())


@dataclass(frozen=True)
class Found:
    """The files to load, in the order of `SOURCE_TABLES`, and those that only look like some."""

    files: tuple[SourceFile, ...]
    passed_over: tuple[Path, ...]


class DelimiterError(UserError):
    """The cells of a CSV file are separated by `mark`, and not by what is expected."""

    def __init__(self, message: str, mark: str) -> None:
        super().__init__(message)
        self.mark = mark


class MissingColumnsError(UserError):
    """A file lacks columns of its table: `missing` by raw name; `present` are all it has."""

    def __init__(
        self, message: str, file: SourceFile, missing: tuple[str, ...], present: tuple[str, ...]
    ) -> None:
        super().__init__(message)
        self.file = file
        self.missing = missing
        self.present = present


def find_files(directory: Path, mapping: Mapping) -> Found:
    """The files of `directory` that hold raw rows.

    Raises `UserError` if the directory cannot be read or holds no such file, if two files differ in
    nothing but their ending (which of them counts would be a guess), if a file is empty, or if a
    glob of the mapping finds none.
    """
    entries = _entries(directory)
    files = list(_claimed(directory, mapping))
    claimed = {file.path for file in files}
    on_the_way = {parent for path in claimed for parent in path.parents}
    passed_over: list[Path] = []
    # A table whose files are declared has no others.
    tables = {table.name: table for table in SOURCE_TABLES if not mapping.of(table).globs}
    for entry in entries:
        if entry in claimed:
            continue
        table = tables.get(_ENDING.sub("", entry.name))
        if entry.is_dir():
            if table is not None:
                inner = [path for path in _inside(entry) if path.is_file() and path not in claimed]
                parts = [part for path in inner if (part := _as_source(path, table))]
                if not parts and entry not in on_the_way:
                    raise UserError(f"{shown(entry)} is a directory without a file to load.")
                files += parts
                passed_over += (path for path in inner if not _ENDING.search(path.name))
            elif looks_like_table(entry.name) and entry not in on_the_way:
                passed_over.append(entry)
            continue
        table = next((t for t in tables.values() if _is_file_of(t, entry.name)), None)
        found = _as_source(entry, table) if table is not None else None
        if found is not None:
            files.append(found)
        elif looks_like_table(entry.name):
            passed_over.append(entry)
    if not files:
        others = f" It has {_listed(passed_over)}." if passed_over else ""
        raise UserError(f"{shown(directory)} has no file to load: {_NAMES}.{others}")
    _check_endings(files)
    order = [table.name for table in SOURCE_TABLES]
    files = [replace(file, mapping=mapping.of(file.table)) for file in files]
    return Found(
        tuple(sorted(files, key=lambda file: (order.index(file.table.name), str(file.path)))),
        tuple(passed_over),
    )


def why_passed_over(paths: Iterable[Path]) -> str:
    """The sentence about files that look like tables and are not loaded."""
    return f"Not loaded: {_listed(paths)}; {_NAMES}."


def _listed(paths: Iterable[Path]) -> str:
    described = []
    for path in paths:
        kind = what_it_is(path) if path.is_file() else None
        described.append(shown(path.name) + (f" ({kind})" if kind else ""))
    return ", ".join(described)


def shown(path: Path | str) -> str:
    """A path as text that can be printed, whatever its bytes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except FileNotFoundError as error:
        raise UserError(
            f"There is no directory {shown(directory)}; name the one with the files."
        ) from error
    except NotADirectoryError as error:
        raise UserError(
            f"{shown(directory)} is not a directory; name the one with the files."
        ) from error
    except OSError as error:
        raise UserError(
            f"The directory {shown(directory)} cannot be read: {error.strerror}."
        ) from error


def _inside(directory: Path) -> Iterator[Path]:
    """What a table's directory holds; names that begin so are what engines write beside rows."""
    for entry in _entries(directory):
        if entry.name.startswith(("_", ".")):
            continue
        yield from _inside(entry) if entry.is_dir() else [entry]


def _claimed(directory: Path, mapping: Mapping) -> Iterator[SourceFile]:
    """The files that the globs of a mapping name."""
    for table in SOURCE_TABLES:
        declared = mapping.of(table)
        paths: set[Path] = set()
        for glob in declared.globs:
            found = {path for path in directory.glob(glob) if path.is_file()}
            if not found:
                raise UserError(
                    f"{declared.where}: no file in {shown(directory)} matches {glob!r}; correct "
                    "the glob or add the file."
                )
            paths |= found
        for path in sorted(paths):
            file = _as_source(path, table)
            other = _DELIMITED_ENDING.search(path.name)
            if file is None and other and declared.delimiter != ",":
                file = _readable(path, "csv", table, other[1])
            if file is None:
                raise UserError(
                    f"{declared.where}: {shown(path)} is not a file that can be loaded; its name "
                    f"must end in .{', .'.join(FORMATS)}, and .gz or .zst after it if need be."
                )
            yield file


def _is_file_of(table: Table, name: str) -> bool:
    stem = _ENDING.sub("", name)
    if stem == name or not stem.startswith(table.name):
        return False
    return _PART.match(stem, len(table.name)) is not None


def _as_source(path: Path, table: Table) -> SourceFile | None:
    ending = _ENDING.search(path.name)
    return _readable(path, FORMATS[ending[1]], table, ending[2]) if ending else None


def _readable(path: Path, format_: str, table: Table, packed: str | None) -> SourceFile:
    try:
        if path.stat().st_size == 0:
            raise UserError(f"{shown(path)} is empty (0 bytes); write it again or move it away.")
        with path.open("rb"):
            pass
    except OSError as error:
        raise UserError(f"{shown(path)} cannot be read: {error.strerror}.") from error
    return SourceFile(path, format_, table, COMPRESSIONS[packed] if packed else None)


def _check_endings(files: Iterable[SourceFile]) -> None:
    seen: dict[str, SourceFile] = {}
    for file in files:
        stem = f"{file.table.name}: {_ENDING.sub('', str(file.path))}"
        other = seen.setdefault(stem, file)
        if other is not file:
            raise UserError(
                f"{shown(file.path.parent)} has {shown(other.path.name)} and "
                f"{shown(file.path.name)}, and only one of them can be {file.table.name}; "
                "move the other away."
            )


def plain_file(file: SourceFile, scratch: Path) -> Path:
    """The file itself, or what is in it if it is compressed, in the directory `scratch`.

    Raises `UserError` if the file is not what its name says, or not whole.
    """
    if file.compression is None:
        return _as_utf8(file, file.path, scratch)
    import pyarrow as pa  # noqa: PLC0415 - takes a while

    plain = scratch / f"unpacked.{file.format}"
    try:
        with (
            pa.OSFile(os.fsencode(file.path), "rb") as packed,
            pa.CompressedInputStream(packed, file.compression) as source,
            plain.open("wb") as target,
        ):
            shutil.copyfileobj(source, target, 1 << 20)
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            f"{shown(file.path)} is not a whole {file.compression} file; write it again."
        ) from error
    if not plain.stat().st_size:
        raise UserError(f"What {shown(file.path)} holds is empty (0 bytes); write it again.")
    return _as_utf8(file, plain, scratch)


def _as_utf8(file: SourceFile, path: Path, scratch: Path) -> Path:
    """The text at `path`, or a copy in UTF-8 if the mapping declares another encoding."""
    encoding = file.mapping.encoding
    _check_signature(file, path)
    if encoding and file.format != "parquet":
        copy = scratch / f"utf8.{file.format}"
        try:
            with (
                path.open(encoding=encoding, newline="") as source,
                copy.open("w", encoding="utf-8", newline="") as target,
            ):
                shutil.copyfileobj(source, target, 1 << 20)
        except UnicodeError as error:
            raise UserError(
                f"{shown(file.path)} is not text in the encoding {encoding} ({error}); correct the "
                "mapping."
            ) from error
        return copy
    return path


def _check_signature(file: SourceFile, path: Path) -> None:
    kind = what_it_is(path)
    expected = {"parquet": "a Parquet"}.get(file.format, "UTF-" if file.mapping.encoding else None)
    if kind is not None and not (expected and kind.startswith(expected)):
        raise UserError(f"{shown(file.path)} is {kind}.")
    if file.format == "parquet" and kind is None:
        raise UserError(
            f"{shown(file.path)} is not a whole Parquet file (it does not begin as one does); "
            "write it again, or let its name end in .csv, .json or .jsonl if it is one of them."
        )
    if file.format == "csv" and is_json(path):
        raise UserError(
            f"{shown(file.path)} is JSON; let its name end in .json (one array) or .jsonl (one "
            "object a line)."
        )


def check_columns(file: SourceFile, columns: Iterable[str]) -> None:
    """Raise `UserError` if the file has a column twice or lacks one that every row needs."""
    seen: set[str] = set()
    for column in columns:
        if column in seen:
            raise UserError(f"{shown(file.path)} has the column {column} twice; keep one of them.")
        seen.add(column)
    for name, declared in missing_sources(file.mapping, seen).items():
        raise MissingColumnsError(
            f"{declared.where}: {shown(file.path)} has no column {declared.source!r} for {name}; "
            "write the name as in the file.",
            file,
            (name,),
            tuple(seen),
        )
    provided = file.mapping.constants()
    provided |= {
        name for name, source in file.mapping.sources(file.table).items() if source in seen
    }
    missing = [column for column in REQUIRED[file.table.name] if column not in provided]
    if not missing:
        return
    # A name in other letters, or with a mark that nobody sees, is the likeliest reason.
    folded = {letters(column): column for column in seen}
    alike = [folded[letters(column)] for column in missing if letters(column) in folded]
    hint = f" (it has {', '.join(map(repr, alike))}: names must match exactly)" if alike else ""
    noun = "column" if len(missing) == 1 else "columns"
    raise MissingColumnsError(
        f"{shown(file.path)} lacks the required {noun} {', '.join(missing)}{hint}; add "
        f"{'it' if len(missing) == 1 else 'them'}, or name the columns of the file in a mapping.",
        file,
        tuple(missing),
        tuple(seen),
    )


def letters(name: str) -> str:
    """The letters and digits of a name, whatever their case."""
    return re.sub(r"[\W_]", "", name.casefold())


def check_utf8(file: SourceFile, path: Path) -> None:
    """Raise `UserError`, naming the line, if the text at `path` is not UTF-8."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise UserError(
                    f"{shown(file.path)} is not UTF-8 text (line {number}); save it as UTF-8."
                ) from error


def duckdb_literal(path: Path) -> str:
    """The path as a DuckDB string literal that means this one file, whatever its characters.

    Raises `UserError` if the path is not UTF-8: DuckDB could not open it.
    """
    text = str(path.absolute())
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(
            f"The name of {shown(path.absolute())} is not UTF-8; rename the file or directory."
        ) from error
    # DuckDB takes a path for a pattern, and would read a/x.csv where [ab]/x.csv is meant; a class
    # of one character stands for that character.
    literal = re.sub(r"([\[*?])", r"[\1]", text)
    return "'" + literal.replace("'", "''") + "'"
