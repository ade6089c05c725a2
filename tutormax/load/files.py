"""Which files of a directory belong to which raw table, and what makes a whole file unfit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Table

from tutormax.errors import UserError
from tutormax.load.columns import REQUIRED
from tutormax.schema import SOURCE_TABLES

FORMATS: tuple[str, ...] = ("parquet", "csv", "jsonl", "json")


@dataclass(frozen=True)
class SourceFile:
    """One file to load: its path, its format (one of `FORMATS`) and the raw table it belongs to."""

    path: Path
    format: str
    table: Table


def find_files(directory: Path) -> list[SourceFile]:
    """The files of `directory` that hold raw rows, in the order of `SOURCE_TABLES`.

    A file is known by its exact name, `<table>.<format>`; any other file is passed over. Raises
    `UserError` if the directory cannot be read or holds no such file, if a table has files of two
    formats (which of them counts would be a guess), or if a file is empty.
    """
    try:
        present = {entry.name for entry in directory.iterdir()}
    except FileNotFoundError as error:
        raise UserError(
            f"There is no directory {directory}; name the one with the files."
        ) from error
    except NotADirectoryError as error:
        raise UserError(f"{directory} is not a directory; name the one with the files.") from error
    except OSError as error:
        raise UserError(f"The directory {directory} cannot be read: {error.strerror}.") from error
    found: list[SourceFile] = []
    for table in SOURCE_TABLES:
        names = [f"{table.name}.{ext}" for ext in FORMATS if f"{table.name}.{ext}" in present]
        if len(names) > 1:
            raise UserError(
                f"{directory} has {' and '.join(names)}, and only one of them can be "
                f"{table.name}; move the others away."
            )
        if names:
            found.append(_checked(directory / names[0], table))
    if not found:
        wanted = ", ".join(table.name for table in SOURCE_TABLES)
        raise UserError(
            f"{directory} has no file to load; a file is called <table>.parquet, .csv, .jsonl or "
            f".json, and the tables are {wanted}."
        )
    return found


def _checked(path: Path, table: Table) -> SourceFile:
    try:
        if path.is_dir():
            raise UserError(f"{path} is a directory; put its rows into one file of that name.")
        if path.stat().st_size == 0:
            raise UserError(f"{path} is empty (0 bytes); write it again or move it away.")
        with path.open("rb"):
            pass
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    return SourceFile(path, path.suffix.removeprefix("."), table)


def check_columns(file: SourceFile, columns: Iterable[str]) -> None:
    """Raise `UserError` if the file has a column twice or lacks one that every row needs."""
    seen: set[str] = set()
    for column in columns:
        if column in seen:
            raise UserError(f"{file.path} has the column {column} twice; keep one of them.")
        seen.add(column)
    missing = [column for column in REQUIRED[file.table.name] if column not in seen]
    if not missing:
        return
    # A name in other letters is the likeliest reason for one to be missing.
    folded = {column.casefold().strip(): column for column in seen}
    alike = [folded[column] for column in missing if column in folded]
    hint = f" (it has {', '.join(map(repr, alike))}: names must match exactly)" if alike else ""
    noun = "column" if len(missing) == 1 else "columns"
    raise UserError(f"{file.path} lacks the required {noun} {', '.join(missing)}{hint}.")


def check_utf8(path: Path) -> None:
    """Raise `UserError`, naming the line, if the file is not UTF-8 text."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise UserError(
                    f"{path} is not UTF-8 text (line {number}); save it as UTF-8."
                ) from error


def duckdb_literal(path: Path) -> str:
    """The path as a DuckDB string literal that means this one file, whatever its characters."""
    # DuckDB takes a path for a pattern, and would read a/x.csv where [ab]/x.csv is meant; a class
    # of one character stands for that character.
    literal = re.sub(r"([\[*?])", r"[\1]", str(path.absolute()))
    return "'" + literal.replace("'", "''") + "'"
