"""Columns and types, as the catalog has them and as the YAML declares them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pandas as pd

from tutormax.validate.checks import Check
from tutormax.validate.tables import TableContract
from tutormax.warehouse import Target

_LENGTH = re.compile(r"varchar\(\d+\)")

# Other names of the same types; text of any length is varchar.
_SAME = (("character varying", "varchar"), ("text", "varchar"), ("numeric", "decimal"))
_SAME_ON_DUCKDB = (("double", "double precision"), ("json", "jsonb"))


def structure_checks(
    table: TableContract, found: Mapping[str, str], target: Target
) -> Iterable[Check]:
    """The checks of a table's columns and of the type of each that is there.

    Raw may have more columns than declared; a published table may not.
    """
    declared = list(table.columns)
    yield Check(
        table,
        "columns",
        (),
        f"the columns {', '.join(declared)}",
        "expect_table_columns_to_match_set",
        {"column_set": declared, "exact_match": not table.is_raw},
        frame=pd.DataFrame(columns=list(found)),
    )
    types = {
        name: plain_type(kind, target, lengths=not table.is_raw) for name, kind in found.items()
    }
    frame = pd.DataFrame([types])
    for column in table.columns.values():
        if column.name in found:
            wanted = plain_type(column.data_type, target, lengths=not table.is_raw)
            yield Check(
                table,
                "type",
                (column.name,),
                f"the type {wanted}",
                "expect_column_values_to_be_in_set",
                {"column": column.name, "value_set": [wanted]},
                frame=frame,
            )


def plain_type(name: str, target: Target, *, lengths: bool) -> str:
    """One spelling for each type; DuckDB keeps no length of text, and nobody asks raw for one."""
    kind = " ".join(name.lower().replace(", ", ",").split())
    for other, plain in _SAME:
        kind = re.sub(rf"^{other}\b", plain, kind)
    if target is Target.DUCKDB:
        kind = dict(_SAME_ON_DUCKDB).get(kind, kind)
    if target is Target.DUCKDB or not lengths:
        kind = _LENGTH.sub("varchar", kind)
    return kind
