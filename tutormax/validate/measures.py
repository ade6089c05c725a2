"""Measures of a day of loads for each column, by its type in the YAML."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tutormax.validate.engines import Engine
from tutormax.validate.tables import Column, TableContract
from tutormax.warehouse import quote

# UTF-8 read as Latin-1, and the replacement character.
DAMAGE = "[\u00c2\u00c3\u00e2][\u0080-\u00bf]|\ufffd"

TEXTS = ("varchar", "text")
NUMBERS = ("integer", "bigint", "double precision")
INSTANT = "timestamp with time zone"


@dataclass(frozen=True)
class Measure:
    """An aggregate over the rows of a day.

    It may leave the range of previous days by `margin`, by the share `of_range` of that range, or
    by `of_spread` times the usual value of the measure `spread`, but not pass `lowest` or
    `highest`.
    """

    name: str
    rule: str
    column: str
    words: str
    sql: str
    margin: float = 0.0
    of_range: float = 0.5
    spread: str | None = None
    of_spread: float = 0.0
    lowest: float = -math.inf
    highest: float = math.inf


def measures_of(table: TableContract, loaded_at: str, engine: Engine) -> list[Measure]:
    """All measures of a raw table; those only for spread have no words and are not checked."""
    enums = {
        str(test.column): list(test.arguments["values"])
        for test in table.tests
        if test.kind == "accepted_values"
    }
    measures: list[Measure] = []
    for column in table.columns.values():
        if column.name != loaded_at:
            measures += _of_column(table, column, enums.get(column.name, ()), loaded_at, engine)
    return measures


def _of_column(
    table: TableContract, column: Column, values: Sequence[str], loaded_at: str, engine: Engine
) -> Iterator[Measure]:
    name = quote(column.name)
    if column.name in table.key:
        return
    yield _share(column, "nulls", "a share of nulls", f"{name} is null")
    if column.data_type == "boolean":
        yield _share(column, "share", "a share of true", name)
    elif values:
        for value in values:
            is_value = f"{name} = '{value}'"
            yield _share(column, f"share {value}", f"a share of {value}", is_value)
    elif column.data_type in NUMBERS:
        yield from _mean(column, "mean", "a mean", _finite(name, column.data_type))
    elif column.data_type == INSTANT:
        yield from _instants(column, name, quote(loaded_at))
    elif column.data_type in TEXTS and not column.name.endswith("_id"):
        damaged = engine.matches(name, DAMAGE)
        yield _share(column, "damaged", "a share of damaged letters", damaged, margin=0.01)


def _instants(column: Column, name: str, arrived: str) -> Iterator[Measure]:
    """Measures of an instant: the hour, and the time before or after its arrival."""
    hours = f"cast(extract(epoch from {name}) / 3600 as double precision)"
    arrival = f"cast(extract(epoch from {arrived}) / 3600 as double precision)"
    yield from _mean(
        column, "hour", "a mean hour of the day", f"{hours} - 24 * floor({hours} / 24)"
    )
    lag = f"case when {name} <= {arrived} then {arrival} - {hours} end"
    # The median, because one old row is not drift.
    yield Measure(
        f"{column.name} lag",
        "lag",
        column.name,
        "median hours to the arrival",
        f"percentile_cont(0.5) within group (order by {lag})",
        margin=12.0,
        lowest=0.0,
    )
    yield _share(column, "ahead", "a share of instants after the arrival", f"{name} > {arrived}")


def _mean(
    column: Column,
    rule: str,
    words: str,
    value: str,
) -> Iterator[Measure]:
    spread = f"{column.name} {rule} spread"
    yield Measure(
        f"{column.name} {rule}",
        rule,
        column.name,
        words,
        f"avg({value})",
        spread=spread,
        of_spread=0.4,
    )
    yield Measure(spread, rule, column.name, "", f"stddev_pop({value})")


def _share(column: Column, rule: str, words: str, condition: str, margin: float = 0.2) -> Measure:
    value = f"case when {condition} then 1.0 when not ({condition}) then 0.0 end"
    return Measure(
        f"{column.name} {rule}",
        rule,
        column.name,
        words,
        f"avg({value})",
        margin=margin,
        lowest=0.0,
        highest=1.0,
    )


def _finite(name: str, data_type: str) -> str:
    """Leaves out NaN and infinities, which are rejected and would spoil the mean."""
    number = f"cast({name} as double precision)"
    if data_type != "double precision":
        return number
    return f"case when {name} > '-Infinity' and {name} < 'Infinity' then {number} end"
