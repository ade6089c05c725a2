"""Compares the last day of loads with previous ones: freshness, volume, distribution.

The engine aggregates to one row per day; expectations follow from previous days. The last day is
checked once it is complete, that is with arrivals in as many of its hours as on most previous days,
or in three quarters of them; until then the day before it is. A table with fewer than `LEAST_DAYS`
previous days, or fewer than `LEAST_ROWS` rows on a day, is not checked, because chance dominates.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import pandas as pd

from tutormax.validate.checks import Check
from tutormax.validate.engines import Engine
from tutormax.validate.mapping import BETWEEN, number_name
from tutormax.validate.measures import Measure, measures_of
from tutormax.validate.tables import Contracts, TableContract
from tutormax.warehouse import quote

DAYS = 35
"""So many days before the last arrival are looked at."""

LEAST_DAYS = 7
LEAST_ROWS = 100
SAME_WEEKDAYS = 3

FEWEST, MOST = 0.6, 1.8
"""Volume may be so many times what is usual."""

MORE_REDELIVERED = 0.25
MORE_REJECTED = 0.10
PATIENCE = dt.timedelta(days=2)

Day = dict[str, Any]
"""What the engine summed of a day of loads, by the name of the measure."""


@dataclass(frozen=True)
class Loads:
    """Days with loads: the one to check, those before it, and the clock."""

    judged: dt.date
    before: tuple[dt.date, ...]
    clock: dt.datetime
    clock_name: str


def history_checks(
    engine: Engine, contracts: Contracts, now: dt.datetime | None
) -> Iterator[list[Check]]:
    """Checks of the last loads of each raw table; none if there is too little to compare.

    Each check is about one number, in a frame of one column.
    """
    tables = [table for table in contracts.raw if table.key]
    loads = _loads(engine, contracts, tables, now)
    if loads is None:
        return
    for table in tables:
        yield list(_table_checks(engine, contracts, table, loads))


def _loads(
    engine: Engine, contracts: Contracts, tables: Sequence[TableContract], now: dt.datetime | None
) -> Loads | None:
    at = quote(contracts.loaded_at)
    hours = " union ".join(
        f"select distinct cast({at} as date) as day, extract(hour from {at}) as hour "
        f"from {table.sql} "
        f"where {at} > (select max({at}) from {table.sql}) - interval '{DAYS} days'"
        for table in tables
    )
    days = engine.query(
        f"select day, count(*) from ({hours}) as hours group by day order by day desc"
    )
    days = [row for row in days if days[0][0] - row[0] <= dt.timedelta(DAYS)]
    if len(days) <= LEAST_DAYS:
        return None
    usual = median(count for _, count in days[1:])
    first = 0 if days[0][1] >= 0.75 * usual else 1
    clock = engine.query(
        f"select as_of_date from {contracts.runs} where as_of_date is not null "
        "order by started_at desc limit 1"
    )
    as_of = clock[0][0] if clock else days[0][0]
    midnight = dt.datetime.combine(as_of, dt.time(), dt.UTC)
    return Loads(
        judged=days[first][0],
        before=tuple(day for day, _ in days[first + 1 :]),
        clock=now or midnight,
        clock_name="now" if now else f"the last calculation date, {as_of}",
    )


def _table_checks(
    engine: Engine, contracts: Contracts, table: TableContract, loads: Loads
) -> Iterator[Check]:
    measures = measures_of(table, contracts.loaded_at, engine)
    days = _summed(engine, contracts, table, measures, loads)
    before = [days.get(day, {"rows": 0}) for day in loads.before]
    if sum(day["rows"] > 0 for day in before) < max(LEAST_DAYS, 0.6 * len(before)):
        return
    freshness = _freshness(engine, contracts, table, loads, sorted(days))
    yield freshness
    if median(day["rows"] for day in before) < LEAST_ROWS:
        return
    today = days.get(loads.judged, {"rows": 0, "keys": 0})
    if _within(freshness):  # else freshness already reports missing loads
        yield from _volume(table, loads, days, today)
    if today["rows"] < LEAST_ROWS:
        return
    yield from _shares(table, loads, before, today)
    fresh = [day for day in before if day.get("fresh", 0) >= LEAST_ROWS]
    if today["fresh"] < LEAST_ROWS or len(fresh) < LEAST_DAYS:
        return  # redelivered rows were checked when they first arrived
    for measure in measures:
        if not measure.words:
            continue
        check = _distribution(table, measure, loads, fresh, today)
        if check:
            yield check


def _summed(
    engine: Engine,
    contracts: Contracts,
    table: TableContract,
    measures: Sequence[Measure],
    loads: Loads,
) -> dict[dt.date, Day]:
    """One row per day: all rows, and those whose key had not arrived before."""
    at, key = quote(contracts.loaded_at), ", ".join(map(quote, table.key))
    sums = "".join(
        f", {measure.sql} filter (where turn = 1) as {quote(measure.name)}" for measure in measures
    )
    frame = engine.frame(
        f"""select
            cast({at} as date) as load_day,
            count(*) as rows_loaded,
            count(distinct {key}) as keys,
            count(*) filter (where turn = 1) as fresh
            {sums}
        from (
            select *, row_number() over (partition by {key} order by {at}) as turn
            from {table.sql}
            where {at} >= timestamptz '{min(loads.before)} 00:00:00+00'
        ) as arrivals
        group by cast({at} as date)"""
    )
    rejected = _rejected(engine, contracts, table, loads)
    days: dict[dt.date, Day] = {}
    for row in frame.to_dict("records"):
        day = row.pop("load_day")
        day = day.date() if isinstance(day, dt.datetime) else day
        row["rows"] = row.pop("rows_loaded")
        days[day] = {str(name): _number(value) for name, value in row.items()}
        days[day]["rejected"] = rejected.get(day, 0)
    return days


def _rejected(
    engine: Engine, contracts: Contracts, table: TableContract, loads: Loads
) -> Mapping[dt.date, int]:
    if contracts.rejected is None:
        return {}
    rows = engine.query(
        f"""select cast(loaded_at as date), count(*) from {contracts.rejected}
        where source_table = '{table.name}'
        and loaded_at >= timestamptz '{min(loads.before)} 00:00:00+00'
        and reasons[1] not in ('superseded', 'unreadable') group by cast(loaded_at as date)"""
    )
    return dict(rows)


def _freshness(
    engine: Engine,
    contracts: Contracts,
    table: TableContract,
    loads: Loads,
    days: Sequence[dt.date],
) -> Check:
    gaps = [later - earlier for earlier, later in pairwise(days)]
    patience = max(PATIENCE, 2 * max(gaps, default=PATIENCE))
    ((latest,),) = engine.query(f"select max({quote(contracts.loaded_at)}) from {table.sql}")
    hours = (loads.clock - latest).total_seconds() / 3600
    allowed = patience.total_seconds() / 3600
    return _number_check(
        table,
        "freshness",
        (),
        f"an arrival in the {allowed:g} hours before {loads.clock_name}",
        f"the last was {latest:%Y-%m-%d %H:%M}",
        value=hours,
        between=(None, allowed),
    )


def _volume(
    table: TableContract, loads: Loads, days: Mapping[dt.date, Day], today: Day
) -> Iterator[Check]:
    """The number of keys of the day, compared with the same weekday if there are enough."""
    same = [day for day in loads.before if day.weekday() == loads.judged.weekday()]
    compared = same if len(same) >= SAME_WEEKDAYS else loads.before
    counts = [days[day]["keys"] if day in days else 0 for day in compared]
    usual = median(counts)
    if usual < LEAST_ROWS:
        return  # few rows arrive on this weekday
    low = math.floor(min(FEWEST * usual, 0.9 * min(count for count in counts if count)))
    high = math.ceil(max(MOST * usual, 1.1 * max(counts)))
    yield _number_check(
        table,
        "volume",
        (),
        f"{low:,} to {high:,} {table.key[0]}s loaded on {loads.judged}",
        f"there are {today['keys']:,.0f}",
        value=today["keys"],
        between=(low, high),
    )


def _shares(
    table: TableContract, loads: Loads, before: Iterable[Day], today: Day
) -> Iterator[Check]:
    """The shares of redelivered rows and of rejected rows."""
    earlier = [day for day in before if day["rows"]]
    for rule, words, margin, share in (
        ("redelivered", "under keys that had come before", MORE_REDELIVERED, _redelivered),
        ("rejected", "rejected", MORE_REJECTED, _share_rejected),
    ):
        high = max(map(share, earlier)) + margin
        yield _number_check(
            table,
            rule,
            (),
            f"at most {high:.0%} of the rows of {loads.judged} {words}",
            f"there are {share(today):.0%} of {today['rows']:,.0f}",
            value=share(today),
            between=(None, high),
        )


def _redelivered(day: Day) -> float:
    return 1 - float(day["fresh"] / day["rows"])


def _share_rejected(day: Day) -> float:
    return float(day["rejected"] / day["rows"])


def _distribution(
    table: TableContract, measure: Measure, loads: Loads, before: Sequence[Day], today: Day
) -> Check | None:
    earlier = [day[measure.name] for day in before if day[measure.name] is not None]
    value = today[measure.name]
    if value is None or len(earlier) < LEAST_DAYS:
        return None
    low, high = min(earlier), max(earlier)
    margin = max(measure.margin, (high - low) * measure.of_range)
    if measure.spread:
        spreads = [day[measure.spread] for day in before if day[measure.spread] is not None]
        margin = max(margin, measure.of_spread * median(spreads))
    low, high = max(low - margin, measure.lowest), min(high + margin, measure.highest)
    return _number_check(
        table,
        measure.rule,
        (measure.column,),
        f"{measure.words} of {low:.3g} to {high:.3g} on {loads.judged}",
        f"{value:.3g} in {today['fresh']:,.0f} rows",
        value=value,
        between=(low, high),
    )


def _number_check(
    table: TableContract,
    rule: str,
    columns: tuple[str, ...],
    expected: str,
    observed: str,
    *,
    value: float,
    between: tuple[float | None, float | None],
) -> Check:
    """A check of one number, in its own frame."""
    name = number_name(rule, columns)
    return Check(
        table,
        rule,
        columns,
        expected,
        BETWEEN,
        {"column": name, "min_value": between[0], "max_value": between[1]},
        frame=pd.DataFrame({name: [float(value)]}),
        observed=observed,
    )


def _within(check: Check) -> bool:
    assert check.frame is not None
    return bool(check.frame.iloc[0, 0] <= check.arguments["max_value"])


def _number(value: Any) -> float | None:
    if value is None or value is pd.NaT:
        return None
    number = float(value)
    return None if math.isnan(number) else number
