"""Compares columns and types of the catalog with the YAML."""

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
    """Checks of a table's columns and their types.

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
    types = []
    for column in table.columns.values():
        if column.name in found:
            pair = (column.data_type, found[column.name])
            types.append([plain_type(kind, target, lengths=not table.is_raw) for kind in pair])
    frame = pd.DataFrame(types, columns=["declared", "found"])
    frame.insert(0, "column", [name for name in table.columns if name in found])
    wrong = frame[frame["declared"] != frame["found"]].itertuples(index=False)
    yield Check(
        table,
        "types",
        (),
        "the types declared",
        "expect_column_pair_values_to_be_equal",
        {"column_A": "declared", "column_B": "found"},
        frame=frame,
        observed="; ".join(f"{name} is {there}, not {said}" for name, said, there in wrong)
        or "all are the same",
    )


def plain_type(name: str, target: Target, *, lengths: bool) -> str:
    """One spelling per type; lengths of text do not count, because DuckDB and raw have none."""
    kind = " ".join(name.lower().replace(", ", ",").split())
    for other, plain in _SAME:
        kind = re.sub(rf"^{other}\b", plain, kind)
    if target is Target.DUCKDB:
        kind = dict(_SAME_ON_DUCKDB).get(kind, kind)
    if target is Target.DUCKDB or not lengths:
        kind = _LENGTH.sub("varchar", kind)
    return kind
