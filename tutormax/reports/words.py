"""How the pages write names, numbers, dates and missing values."""

from __future__ import annotations

from datetime import date, datetime

NOTHING = "–"
"""Stands where there is no value."""

QUEUE_PARTS = {
    "kept": "Can still be kept",
    "silent": "Silent already",
    "left": "Left in the last 30 days",
}
"""Parts of the at-risk queue, by their names in queries/tutors.sql."""

RISKS = ("Critical", "High", "Medium", "Low")
TIERS = ("Exemplary", "Strong", "Developing", "Needs Attention", "At Risk")
WINDOWS = {"7day": "7 days", "30day": "30 days", "90day": "90 days"}
HORIZONS = (1, 7, 30, 90)
SOURCES = ("tutors", "students", "sessions", "student_feedback", "tutor_events", "interventions")

BETTER = {
    "Exemplary": 1,
    "Strong": 1,
    "Needs Attention": -1,
    "At Risk": -1,
    "Critical": -1,
    "High": -1,
}
"""Whether more tutors of a tier or risk level are better (1) or worse (-1)."""

SPELLED = {"first_session_checkin": "First-session check-in"}

FACTORS = {
    "engagement_decline": "falling engagement",
    "performance_trend": "weaker performance",
    "reschedule_pattern": "rescheduling",
    "first_session_quality": "weak first sessions",
    "no_show_risk": "no-shows",
    "tenure_risk": "time since joining",
    "availability_reduction": "fewer sessions",
}


def words(name: str | None) -> str:
    """A name of the warehouse in words: `training_module` is Training module."""
    if not name:
        return NOTHING
    if name in SPELLED:
        return SPELLED[name]
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def factor(name: str) -> str:
    """A group of churn factors in words."""
    return FACTORS.get(name, name.replace("_", " "))


def number(value: float | None, digits: int = 0) -> str:
    """A number with a thousands separator and so many decimals."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def signed(value: float | None, digits: int = 0) -> str:
    """A change with its sign, a typographic minus included."""
    if value is None:
        return NOTHING
    text = f"{value:+,.{digits}f}"
    if not any(digit in text for digit in "123456789"):
        return "±" + text[1:]
    return text.replace("-", "−")


def verdict(change: float | None, better: int, digits: int = 0) -> str:
    """Whether a change is better or worse; empty if it is neither, or shown as 0."""
    if not better or change is None or not round(change, digits):
        return ""
    return "better" if change * better > 0 else "worse"


def percent(share: float | None, digits: int = 0) -> str:
    """A share of 0 to 1 as a percentage."""
    return NOTHING if share is None else f"{100 * share:,.{digits}f}\N{NO-BREAK SPACE}%"


def chance(probability: float | None) -> str:
    """A probability as a percentage; 0 and 100 only if exact."""
    if probability is not None and 0 < probability < 0.0005:
        return "<0.1\N{NO-BREAK SPACE}%"
    if probability is not None and 0.9995 <= probability < 1:
        return ">99.9\N{NO-BREAK SPACE}%"
    return percent(probability, 1)


def day(value: date | datetime | None) -> str:
    """A UTC day, as 2026-01-31."""
    return NOTHING if value is None else f"{value:%Y-%m-%d}"


def month(value: date) -> str:
    """A UTC month, as 2026-01."""
    return f"{value:%Y-%m}"


def instant(value: datetime | None) -> str:
    """A UTC instant to the minute."""
    return NOTHING if value is None else f"{value:%Y-%m-%d %H:%M} UTC"


def days(count: int) -> str:
    """So many days."""
    return f"{count:,} day{'' if count == 1 else 's'}"


def share_of(part: float, whole: float) -> float | None:
    """A part divided by its whole; None if that is 0."""
    return part / whole if whole else None


FILTERS = {
    "words": words,
    "factor": factor,
    "number": number,
    "signed": signed,
    "verdict": verdict,
    "days": days,
    "percent": percent,
    "chance": chance,
    "day": day,
    "instant": instant,
    "month": month,
}
"""For the templates."""
