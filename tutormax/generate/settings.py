"""Settings of the simulation, checked before it runs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tutormax.errors import UserError

if TYPE_CHECKING:
    import numpy as np

DAY_US = 86_400_000_000
HOUR_US = DAY_US // 24
MINUTE_US = HOUR_US // 60
SECOND_US = 1_000_000

_EPOCH = dt.date(1970, 1, 1)
_FIRST_DATE = dt.date(2000, 1, 1)
_LAST_DATE = dt.date(2200, 1, 1)
_STUDENTS_A_TUTOR = 10
_MOST_TUTORS = 1_000_000
_MOST_DAYS = 3_660
_MOST_SESSIONS = 10_000_000


class Market(StrEnum):
    """What makes tutors teach and leave; see `State` and `School`."""

    OPEN = "open"
    SCHOOL = "school"
    WEEKDAY_SCHOOL = "weekday-school"


@dataclass(frozen=True)
class Settings:
    """The size, the dates, the seed and the market of one simulation.

    The simulation covers the `days` UTC days before `end_date` (exclusive); `sessions_per_day` is
    the mean over those days, about that in a school market. Raises `UserError` for a value out of
    its range.
    """

    end_date: dt.date
    days: int = 90
    tutors: int = 450
    sessions_per_day: int = 3000
    seed: int = 0
    market: Market = Market.OPEN

    def __post_init__(self) -> None:
        _check_range("--days", self.days, 1, _MOST_DAYS)
        _check_range("--tutors", self.tutors, 1, _MOST_TUTORS)
        _check_range("--sessions-per-day", self.sessions_per_day, 0, _MOST_SESSIONS)
        if self.seed < 0:
            raise UserError(f"--seed must be 0 or more, not {self.seed}.")
        if self.end_date > _LAST_DATE or self.end_date - _FIRST_DATE < dt.timedelta(self.days):
            raise UserError(
                f"--end-date {self.end_date} with --days {self.days} leaves the years the data may "
                f"cover; every day must lie between {_FIRST_DATE} and {_LAST_DATE}."
            )

    @property
    def students(self) -> int:
        """The number of students: ten per tutor."""
        return _STUDENTS_A_TUTOR * self.tutors

    @property
    def start_us(self) -> int:
        """The first instant covered, in microseconds since 1970 UTC."""
        return self.end_us - self.days * DAY_US

    @property
    def end_us(self) -> int:
        """The first instant no longer covered, in microseconds since 1970 UTC."""
        return (self.end_date - _EPOCH).days * DAY_US

    def date(self, day: int) -> dt.date:
        """The date of a day counted from the first."""
        return self.end_date - dt.timedelta(self.days - day)

    def weekday(self, day: int) -> int:
        """Weekday (Monday 0) of a day counted from the first."""
        return self.date(day).weekday()

    def random(self, concern: int, day: int = 0) -> np.random.Generator:
        """A separate generator for each concern and day.

        Draws of one part do not shift those of another, so the hazard of a simulation does not
        depend on whether its rows are written.
        """
        from numpy.random import default_rng  # noqa: PLC0415 - `--help` is not to wait for it

        return default_rng((self.seed, concern, day))


def parse_end_date(text: str | None) -> dt.date:
    """The date in `text` (YYYY-MM-DD), for None the current UTC date; else `UserError`."""
    if text is None:
        return dt.datetime.now(dt.UTC).date()
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise UserError(f"--end-date must be a date like 2026-01-31, not {text!r}.") from None


def check_dirt(share: float) -> float:
    """`share` itself; `UserError` unless it is in 0-1 (NaN is not)."""
    if not 0 <= share <= 1:
        raise UserError(f"--dirt must be a share between 0 and 1, not {share:g}.")
    return share


def _check_range(option: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UserError(f"{option} must be between {least} and {most}, not {value}.")
