"""Writes a folder of Parquet files, replaced only once all are complete."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from tutormax.errors import UserError
from tutormax.generate.columns import SCHEMAS
from tutormax.generate.dirt import Dirt
from tutormax.generate.settings import Settings
from tutormax.generate.simulation import Simulation, simulate
from tutormax.private import refuse_link

_ROW_GROUP = 122_880
_CODES = {
    "tutor_id",
    "student_id",
    "subject",
    "session_type",
    "event_type",
    "metadata",
    "free_text_feedback",
}


def write_files(
    settings: Settings,
    out: Path,
    dirt: float = 0.0,
    on_day: Callable[[int], None] | None = None,
) -> tuple[dict[str, int], Simulation]:
    """Simulate and write `<table>.parquet` for each raw table into the folder `out`.

    Returns the rows of each table and the hidden results. The share `dirt` of the rows is spoiled
    (see `tutormax.generate.dirt`). Raises `UserError` if the folder cannot be written; existing
    files then stay.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out} is a file; name a folder to write the Parquet files into.")
    refuse_link(out, "--out")
    spoiler = Dirt(settings, dirt)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with _Files(out) as files:
            simulation = simulate(
                settings, lambda name, rows: files.add(name, spoiler.spoil(name, rows)), on_day
            )
            files.publish()
    except OSError as error:
        raise UserError(
            f"The files could not be written to {out}: {error.strerror or error}; "
            "name a folder that can be written and has space."
        ) from error
    return files.rows, simulation


class _Files:
    """One open Parquet file per table, in a folder of their own until `publish`."""

    def __init__(self, out: Path) -> None:
        self.rows = dict.fromkeys(SCHEMAS, 0)
        self._out = out
        self._waiting: dict[str, list[pa.Table]] = {name: [] for name in SCHEMAS}
        self._open: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> _Files:
        # A name that nobody can guess, so that nobody can have put a link there.
        self._work = Path(tempfile.mkdtemp(prefix=".tutormax-", dir=self._out))
        for name, schema in SCHEMAS.items():
            coded = [column for column in schema.names if column in _CODES]
            self._open[name] = pq.ParquetWriter(
                self._temporary(name),
                schema,
                compression="zstd",
                # A dictionary does not help unique ids and instants.
                use_dictionary=coded,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for writer in self._open.values():
            writer.close()
        shutil.rmtree(self._work, ignore_errors=True)

    def add(self, name: str, rows: pa.Table) -> None:
        """Append rows; writes a row group once there are enough."""
        self.rows[name] += rows.num_rows
        self._waiting[name].append(rows)
        if sum(chunk.num_rows for chunk in self._waiting[name]) >= _ROW_GROUP:
            self._flush(name)

    def publish(self) -> None:
        """Complete all files, then rename them."""
        for name, writer in self._open.items():
            self._flush(name)
            writer.close()
        for name in self._open:
            self._temporary(name).chmod(0o600)
            self._temporary(name).replace(self._out / f"{name}.parquet")

    def _flush(self, name: str) -> None:
        if self._waiting[name]:
            rows = pa.concat_tables(self._waiting[name]).combine_chunks()
            self._open[name].write_table(rows, row_group_size=2 * _ROW_GROUP)
            self._waiting[name] = []

    def _temporary(self, name: str) -> Path:
        return self._work / f"{name}.parquet"
