"""Days on which the market does not teach: those declared, and those that look as if."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from statistics import median

DECLARED = Path("seeds") / "churn" / "closed_periods.csv"
QUIET_SHARE = 1 / 5
REFERENCE_DAYS = 4
LEAST_DAYS = 3
LEAST_SESSIONS = 20
"""A period is not worth a hint if fewer sessions would have been usual in it."""

Period = tuple[date, date]


def declared_days(project: Path) -> set[date]:
    """The days of the seed; none in a folder without it."""
    if not (project / DECLARED).exists():
        return set()
    with (project / DECLARED).open(encoding="utf-8", newline="") as file:
        return {
            day
            for row in csv.DictReader(file)
            for day in _days(
                date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"])
            )
        }


def undeclared_periods(completed: Mapping[date, int], declared: set[date]) -> list[Period]:
    """Periods that look closed, from the completed sessions of each day.

    A day looks closed if it has fewer than a fifth of the median of the last four such weekdays
    that neither look closed nor are declared. A period has three such days or more; weekdays on
    which the market never teaches may lie between.
    """
    if not completed:
        return []
    usual: dict[date, float] = {}
    quiet: set[date] = set()
    idle: set[date] = set()
    for day in _days(min(completed), max(completed)):
        if day in declared:
            continue
        before = _last_open(day, usual, quiet)
        usual[day] = median(completed.get(one, 0) for one in before) if before else 0
        if before and usual[day] == 0:
            idle.add(day)
        elif before and completed.get(day, 0) < QUIET_SHARE * usual[day]:
            quiet.add(day)
    found: list[list[date]] = []
    for day in sorted(quiet):
        if found and all(one in idle for one in _between(found[-1][-1], day)):
            found[-1].append(day)
        else:
            found.append([day])
    return [
        (days[0], days[-1])
        for days in found
        if len(days) >= LEAST_DAYS and sum(usual[day] for day in days) >= LEAST_SESSIONS
    ]


def hint(periods: list[Period]) -> str:
    """What to do about them, in a sentence; empty without periods."""
    if not periods:
        return ""
    listed = ", ".join(f"{first} to {last}" for first, last in periods)
    return (
        f"Hardly any session was completed from {listed}: if the market did not teach, declare it "
        f"in {DECLARED.as_posix()} and build again; else look for missing files."
    )


def _last_open(day: date, usual: Mapping[date, float], quiet: set[date]) -> list[date]:
    """The last such weekdays that were open; empty if there are too few."""
    first = min(usual, default=day)
    found: list[date] = []
    earlier = day - timedelta(days=7)
    while earlier >= first and len(found) < REFERENCE_DAYS:
        if earlier in usual and earlier not in quiet:
            found.append(earlier)
        earlier -= timedelta(days=7)
    return found if len(found) == REFERENCE_DAYS else []


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _between(first: date, last: date) -> Iterator[date]:
    return _days(first + timedelta(days=1), last - timedelta(days=1))
