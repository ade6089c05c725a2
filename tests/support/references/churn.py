"""Who works, who churns and how predictions did, once more in slow plain Python."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, date, datetime, timedelta
from math import inf
from typing import Any

from support.tables import Row, World

DAY = timedelta(days=1)
SILENCE = 14
CLOCK = 3
HORIZONS = (1, 7, 30, 90)

Key = tuple[str, date]
Closed = Set[date]
"""The closed days."""


def day_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def session_days(world: World) -> dict[str, set[date]]:
    """The days on which each tutor completed a session."""
    days: dict[str, set[date]] = defaultdict(set)
    for row in world["sessions"]:
        if not row["no_show"] and row["actual_start"] is not None:
            days[row["tutor_id"]].add(day_of(row["scheduled_start"]))
    return days


def sessions_known_before(world: World, last: date) -> date:
    """The day after the latest completed session before `last`."""
    return max(day for days in session_days(world).values() for day in days if day < last) + DAY


def open_days(first: date, end: date, closed: Closed) -> int:
    """The open days from `first` on, before `end`."""
    return sum(first + n * DAY not in closed for n in range((end - first).days))


def days_since(days: Iterable[date], day: date, closed: Closed) -> float:
    """Open days from the last of `days` to `day`; 1 if none lies between them."""
    last = max((held for held in days if held < day), default=None)
    return inf if last is None else open_days(last + DAY, day, closed) + 1


def working(world: World, first: date, last: date, closed: Closed = frozenset()) -> set[Key]:
    """The tutors and prediction dates that are to be predicted."""
    held = session_days(world)
    market = {day for days in held.values() for day in days}
    joined = {row["tutor_id"]: day_of(row["onboarding_date"]) for row in world["tutors"]}
    found = set()
    for number in range((last - first).days + 1):
        day = first + number * DAY
        if days_since(market, day, closed) <= CLOCK:
            found |= {
                (name, day)
                for name, onboarded in joined.items()
                if onboarded < day and days_since({onboarded, *held[name]}, day, closed) <= SILENCE
            }
    return found


def churned_within(
    days: set[date],
    day: date,
    horizon: int,
    last: date,
    *,
    known: date | None = None,
    closed: Closed = frozenset(),
) -> bool | None:
    """Whether who completed sessions on `days` churned in the days from `day`; None if unknown.

    The silence that lasts on `day` counts as churn on it once it is long enough. Sessions before
    `known`, at most `last`, are known.
    """
    known = known or last
    if open_days(day + (horizon - 1) * DAY, known, closed) < SILENCE:
        return None
    held = sorted(one for one in days if one < last)
    for one, end in zip(held, [*held, known][1:], strict=True):
        churn_day = one + DAY
        is_churn = open_days(churn_day, min(end, known), closed) >= SILENCE
        was_known = is_churn and open_days(churn_day, day, closed) >= SILENCE
        if is_churn and not was_known and churn_day < day + horizon * DAY:
            return True
    return False


def is_a_week_before_the_last(days: set[date], day: date) -> bool:
    """Whether who completed sessions on `days` left next after the one 7 days after `day`."""
    last = day + 7 * DAY
    stays = churned_within(days, day, 8, day + 90 * DAY) is False
    return stays and last in days and not days & {last + n * DAY for n in range(1, SILENCE + 1)}


def silent_days(days: set[date], day: date) -> int | None:
    """Days from the last of the `days` with sessions to `day`; None without one in 90 days."""
    before = [held for held in days if timedelta() < day - held <= 90 * DAY]
    return (day - max(before)).days if before else None


def shape_at(points: Mapping[float | None, float], value: float | None) -> float:
    """What a feature adds at a value, from what it adds at its knots; None is unknown."""
    if value is None:
        return points[None]
    knots = sorted(knot for knot in points if knot is not None)
    if value <= knots[0] or value >= knots[-1]:
        return points[knots[0] if value <= knots[0] else knots[-1]]
    above = next(knot for knot in knots if knot > value)
    below = knots[knots.index(above) - 1]
    return points[below] + (points[above] - points[below]) * (value - below) / (above - below)


def gaps(days: Iterable[date], day: date, closed: Closed = frozenset()) -> list[int]:
    """The gaps between the last twelve of `days` before `day`, in open days."""
    last = sorted(held for held in days if held < day)[-12:]
    return [open_days(one + DAY, other, closed) + 1 for one, other in itertools.pairwise(last)]


def auc(scores: Sequence[float], outcomes: Sequence[bool]) -> float | None:
    """The share of pairs of one who churned and one who stayed that are in order; ties are half."""
    ones = [score for score, outcome in zip(scores, outcomes, strict=True) if outcome]
    zeros = [score for score, outcome in zip(scores, outcomes, strict=True) if not outcome]
    if not ones or not zeros:
        return None
    pairs = [(one > zero) + 0.5 * (one == zero) for one in ones for zero in zeros]
    return sum(pairs) / len(pairs)


def figures(judged: Iterable[tuple[Row, bool, float, bool]], horizon: int) -> dict[str, Any]:
    """What churn_prediction_outcomes says of predictions.

    Each comes with its outcome, its silent days, and whether the last session was a week later.
    """
    rows = list(judged)
    probabilities = [row[f"window_{horizon}day_probability"] for row, _, _, _ in rows]
    outcomes = [outcome for _, outcome, _, _ in rows]
    flags = [row["churn_score"] >= 51 for row, _, _, _ in rows]
    ahead = [row["churn_score"] >= 51 for row, outcome, _, ahead in rows if outcome and ahead]
    hits = sum(flag and outcome for flag, outcome in zip(flags, outcomes, strict=True))
    deciles: dict[int, list[float]] = defaultdict(list)
    for probability, outcome in zip(probabilities, outcomes, strict=True):
        below = sum(other < probability for other in probabilities)
        deciles[10 * below // len(rows)].append(probability - outcome)
    return {
        "predictions": len(rows),
        "churned": sum(outcomes),
        "mean_probability": sum(probabilities) / len(rows),
        "brier_score": sum(
            (probability - outcome) ** 2
            for probability, outcome in zip(probabilities, outcomes, strict=True)
        )
        / len(rows),
        "auc": auc(probabilities, outcomes),
        "calibration_error": sum(abs(sum(gaps)) for gaps in deciles.values()) / len(rows),
        "precision_at_high": hits / sum(flags) if any(flags) else None,
        "recall_at_high": hits / sum(outcomes) if any(outcomes) else None,
        "baseline_auc": auc([silent for _, _, silent, _ in rows], outcomes),
        "baseline_brier_score": sum(
            (sum(outcomes) / len(rows) - outcome) ** 2 for outcome in outcomes
        )
        / len(rows),
        "lead_time_tutors": len(ahead),
        "lead_time_recall": sum(ahead) / len(ahead) if ahead else None,
    }
