"""Turns rows into the data of charts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tutormax.reports.reading import Row
from tutormax.reports.words import day, share_of

Columns = dict[str, list[Any]]
"""The data of a chart: columns of equal length."""

SIGNIFICANT = 5


def columns_of(rows: Iterable[Row]) -> Columns:
    """Turn rows that name the same values into columns."""
    found: Columns = defaultdict(list)
    for row in rows:
        for name, value in row.items():
            found[name].append(value)
    return dict(found)


def rows_of(columns: Columns) -> Iterable[Row]:
    """Turn columns into rows again."""
    return (
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    )


def tenths(rows: Iterable[Row]) -> Columns:
    """Return what was predicted and observed in each tenth of the predictions."""
    columns = columns_of(
        {
            "tenth": row["tenth"],
            "predictions": row["predictions"],
            "predicted": significant(row["probability_sum"] / row["predictions"]),
            "observed": significant(row["churned"] / row["predictions"]),
        }
        for row in rows
    )
    if columns:
        top = max(*columns["predicted"], *columns["observed"])
        columns["edge"] = [0] + [top] * (len(columns["tenth"]) - 1)
    return columns


def significant(value: float | None) -> float | None:
    """Round to the digits that a chart can show."""
    return None if value is None else float(f"{value:.{SIGNIFICANT}g}")


def weeks(rows: Iterable[Row]) -> Columns:
    """Return sessions, mean rating and no-show rate of each week."""
    return columns_of(
        {
            "week": day(row["week"]),
            "sessions": row["sessions"],
            "rating": significant(share_of(row["rating_sum"], row["ratings"])),
            "no_show_rate": significant(share_of(row["no_shows"], row["sessions"])),
        }
        for row in rows
    )
