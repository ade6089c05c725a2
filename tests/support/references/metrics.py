"""tutor_performance_metrics once more, in slow plain Python, straight from what its columns mean.

Every number is a fraction, so nothing is lost before the comparison.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from support.project import REPOSITORY
from support.tables import DEFAULT_ARRIVAL, Row, World

WINDOWS = {"7day": 7, "30day": 30, "90day": 90}
THRESHOLDS = REPOSITORY / "seeds" / "performance" / "performance_tier_thresholds.csv"
DAY = timedelta(days=1)

Key = tuple[str, date, str]


def reference_metrics(world: World, as_of_date: date | None = None) -> dict[Key, Row]:
    """Every row by tutor, calculation date and window, for rows of raw that are all accepted."""
    moments = [
        row[instant]
        for table, instant in (
            ("sessions", "actual_start"),
            ("student_feedback", "submitted_at"),
            ("tutor_events", "event_timestamp"),
        )
        for row in world[table]
        if row[instant] and row[instant] <= row.get("_loaded_at", DEFAULT_ARRIVAL) + DAY
    ]
    if not moments:
        return {}
    first = _day(min(moments)) + DAY
    last = as_of_date or min(_day(max(moments)) + DAY, datetime.now(UTC).date())
    thresholds = tier_bounds()
    rows: dict[Key, Row] = {}
    for tutor in world["tutors"]:
        mine = {
            table: [row for row in world[table] if row["tutor_id"] == tutor["tutor_id"]]
            for table in ("sessions", "student_feedback", "tutor_events")
        }
        activity = [
            tutor["onboarding_date"],
            *(row["scheduled_start"] for row in mine["sessions"]),
            *(row["event_timestamp"] for row in mine["tutor_events"]),
        ]
        for number in range((last - first).days + 1):
            day = first + number * DAY
            now = datetime.combine(day, time(), UTC)
            if tutor["onboarding_date"] >= now:
                continue
            if not any(now - 90 * DAY <= moment < now for moment in activity):
                continue
            for window, days in WINDOWS.items():
                rows[tutor["tutor_id"], day, window] = _row(mine, now, now - days * DAY, thresholds)
    return rows


def _row(mine: World, now: datetime, begin: datetime, thresholds: dict[str, Row]) -> Row:
    sessions = [row for row in mine["sessions"] if begin <= row["scheduled_start"] < now]
    events = [row for row in mine["tutor_events"] if begin <= row["event_timestamp"] < now]
    by_id = {row["session_id"]: row for row in sessions}
    ratings = [
        row
        for row in mine["student_feedback"]
        if row["session_id"] in by_id and row["submitted_at"] < now
    ]
    first_ratings = [
        row["overall_rating"] for row in ratings if by_id[row["session_id"]]["session_number"] == 1
    ]
    known = [row for row in sessions if row["learning_objectives_met"] is not None]
    minutes = [
        Fraction(value)
        for row in events
        if row["event_type"] == "message_response"
        and _is_number(value := (row["metadata"] or {}).get("response_time_minutes"))
        and value >= 0
    ]
    metrics: Row = {
        "sessions_completed": sum(
            not row["no_show"] and row["actual_start"] is not None for row in sessions
        ),
        "avg_rating": _mean(row["overall_rating"] for row in ratings),
        "first_session_success_rate": _mean(rating >= 4 for rating in first_ratings),
        "reschedule_rate": _mean(row["tutor_initiated_reschedule"] is True for row in sessions),
        "no_show_count": sum(row["no_show"] for row in sessions),
        "engagement_score": _engagement(sessions, events),
        "learning_objectives_met_pct": _mean(100 * row["learning_objectives_met"] for row in known),
        "response_time_avg_minutes": _mean(minutes),
    }
    judged = metrics | {"no_show_rate": _mean(row["no_show"] for row in sessions)}
    return metrics | {"performance_tier": tier_of(judged, thresholds) if sessions else None}


def _engagement(sessions: list[Row], events: list[Row]) -> Fraction | None:
    if not sessions:
        return None
    logins = sum(row["event_type"] == "login" for row in events)
    scores = [
        Fraction(Decimal(str(row["engagement_score"])))
        for row in sessions
        if row["engagement_score"] is not None
    ]
    score = _mean(scores)
    on_time = sum((row["late_start_minutes"] or 0) <= 10 for row in sessions)
    return (
        Fraction(4, 10) * min(Fraction(1), Fraction(logins, len(sessions)))
        + Fraction(4, 10) * (Fraction(1, 2) if score is None else score)
        + Fraction(2, 10) * Fraction(on_time, len(sessions))
    )


def tier_of(metrics: Row, thresholds: dict[str, Row]) -> str:
    """The tier of a window with sessions, from its metrics as fractions; null is neither."""
    green = red = 0
    for name, bound in thresholds.items():
        value = metrics[name]
        if value is None:
            continue
        higher = bound["better"] == "higher"
        green += value >= bound["green"] if higher else value <= bound["green"]
        red += value < bound["red"] if higher else value > bound["red"]
    if green >= 5 and red == 0:
        return "Exemplary"
    if red >= 3:
        return "At Risk"
    if red >= 1:
        return "Needs Attention"
    return "Strong" if green >= 3 else "Developing"


def tier_bounds() -> dict[str, Row]:
    """The bounds of each metric that the tier looks at: green, red, and which side is better."""
    with THRESHOLDS.open(newline="") as lines:
        return {
            line["metric"]: {
                "better": line["better"],
                "green": Fraction(Decimal(line["green_bound"])),
                "red": Fraction(Decimal(line["red_bound"])),
            }
            for line in csv.DictReader(lines)
        }


def _mean(values: Iterable[Any]) -> Fraction | None:
    numbers = [Fraction(value) for value in values]
    return sum(numbers, Fraction()) / len(numbers) if numbers else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
