"""The folder of Spark's files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tutormax.schema import RAW_SCHEMA, metadata


def make_directories(directory: Path) -> None:
    """Create the folders that Spark does not create: one per raw table, one for scratch."""
    for table in metadata.tables.values():
        (directory / RAW_SCHEMA / table.name).mkdir(parents=True, exist_ok=True)
    (directory / "tmp").mkdir(exist_ok=True)


def sweep_scratch(directory: Path) -> None:
    """Remove the empty folders that each Spark session leaves behind."""
    for folder in (directory / "tmp").glob("*_resources"):
        # A folder that is not empty is in use.
        with suppress(OSError):
            folder.rmdir()
