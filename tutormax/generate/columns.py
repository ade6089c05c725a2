"""Arrow columns from numpy arrays, chunk by chunk, without a Python object per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ARRAY, Boolean, DateTime, Double, Integer, String
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from tutormax.schema import SOURCE_TABLES

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TIMESTAMP = pa.timestamp("us", tz="UTC")


def _arrow_type(kind: TypeEngine[Any]) -> pa.DataType:
    if isinstance(kind, ARRAY):
        return pa.list_(_arrow_type(kind.item_type))
    known = (
        ((String, postgresql.JSONB), pa.string()),
        ((DateTime,), TIMESTAMP),
        ((Double,), pa.float64()),
        ((Integer,), pa.int32()),
        ((Boolean,), pa.bool_()),
    )
    for kinds, arrow in known:
        if isinstance(kind, kinds):
            return arrow
    raise TypeError(f"no Parquet type for {kind!r}")


SCHEMAS: Mapping[str, pa.Schema] = {
    table.name: pa.schema([(column.name, _arrow_type(column.type)) for column in table.columns])
    for table in SOURCE_TABLES
}
"""The Parquet schema of each raw table, columns in the order of `tutormax.schema`."""


def table_of(name: str, columns: Mapping[str, pa.Array]) -> pa.Table:
    """The rows of raw table `name`; `columns` maps every column's name to equally long arrays."""
    schema = SCHEMAS[name]
    return pa.table([columns[field.name] for field in schema], schema=schema)


def numbered(prefix: str, first: int, count: int, width: int) -> pa.Array:
    """`count` ids: the prefix, then numbers from `first` on, zero-padded to `width` digits."""
    digits = pa.array(np.arange(first, first + count, dtype=np.int64)).cast(pa.string())
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(digits, width, "0"), "")


def times(us: Ints, missing: Bools | None = None) -> pa.Array:
    """Timestamps from microseconds since 1970 UTC, null where `missing`."""
    return pa.array(us, type=pa.int64(), mask=missing).view(TIMESTAMP)


def whole(values: npt.NDArray[Any], missing: Bools | None = None) -> pa.Array:
    """32-bit integers, null where `missing`."""
    return pa.array(values.astype(np.int32), mask=missing)


def picked(
    words: pa.Array | Sequence[str], codes: npt.NDArray[Any], missing: Bools | None = None
) -> pa.Array:
    """`words[codes]`, null where `missing`."""
    choices = words if isinstance(words, pa.Array) else pa.array(list(words), pa.string())
    return choices.take(pa.array(codes, mask=missing))


def lists(words: Sequence[str], codes: npt.NDArray[Any], sizes: npt.NDArray[Any]) -> pa.Array:
    """A list of words per row: the first `sizes[i]` of row i of `codes` (rows, most)."""
    used = np.arange(codes.shape[1]) < sizes[:, None]
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), picked(words, codes[used]))


def joined(*parts: pa.Array | str) -> pa.Array:
    """The parts, arrays or constant text, concatenated row by row."""
    return pc.binary_join_element_wise(*parts, "")


def decimals(values: Floats, places: int) -> pa.Array:
    """Numbers as text, rounded to `places`."""
    return pa.array(np.round(values, places)).cast(pa.string())
