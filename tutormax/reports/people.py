"""Tutors for the pages: one object each, from all queries about tutors."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tutormax.reports.names import page_names
from tutormax.reports.reading import Row, Tables
from tutormax.reports.words import QUEUE_PARTS, RISKS, TIERS, day, factor, percent, words

OPEN = ("pending", "in_progress")
NAMED_FACTORS = 2
SMALL_SHARE = 0.05


@dataclass
class Tutor:
    """One tutor; `facts` is the row of queries/tutors.sql."""

    tutor_id: str
    page: str
    facts: Row
    person: Row | None
    """Name, email and location; None on masked pages."""
    factors: list[tuple[str, float]]
    """Groups of factors and their shares, the largest first."""
    metrics: list[Row] = field(default_factory=list)
    scores: list[Row] = field(default_factory=list)
    interventions: list[Row] = field(default_factory=list)
    recommendations: list[Row] = field(default_factory=list)
    """The most urgent first."""

    @property
    def title(self) -> str:
        """The name, or the key if names are not shown."""
        return str(self.person["name"]) if self.person else self.tutor_id

    @property
    def why(self) -> str:
        """The factors that raise the risk most, in words."""
        named = [
            f"{factor(group)} ({percent(share)}{' of risk' if n == 0 else ''})"
            for n, (group, share) in enumerate(self.factors[:NAMED_FACTORS])
            if share >= SMALL_SHARE
        ]
        text = ", ".join(named)
        return text[:1].upper() + text[1:]

    @property
    def action(self) -> str:
        """What to do next."""
        return words(self.recommendations[0]["intervention_type"]) if self.recommendations else ""

    @property
    def action_note(self) -> str:
        """The due date, who does it, and whether there is more."""
        if not self.recommendations:
            return ""
        first, *others = self.recommendations
        more = f" · {len(others)} more" if others else ""
        return f"by {day(first['due_date'])} · {words(first['assigned_role'])}{more}"

    @property
    def under_way(self) -> list[Row]:
        """Interventions that are pending or in progress, the first that is due first."""
        unfinished = [row for row in self.interventions if row["status"] in OPEN]
        return sorted(unfinished, key=lambda row: (row["due_date"] is None, row["due_date"]))

    @property
    def open(self) -> Row | None:
        """The first of them."""
        return next(iter(self.under_way), None)

    @property
    def part(self) -> tuple[int, str]:
        """Where it is in the queue: the place of the part, and its title."""
        name = self.facts["queue_part"]
        return [*QUEUE_PARTS].index(name), QUEUE_PARTS[name]

    @property
    def is_new(self) -> bool:
        """At a higher risk level than on the previous date with predictions, or without one."""
        now, before = self.facts["risk_level"], self.facts["risk_level_before"]
        return now not in (None, RISKS[-1]) and (
            before is None or RISKS.index(now) < RISKS.index(before)
        )

    @property
    def groups(self) -> dict[str, list[str]]:
        """What lists of tutors are filtered by."""
        place = self.person and self.person["location"]
        return {
            "subject": self.facts["subjects"] or [],
            "location": [place] if place else [],
            "tier": [self.facts["performance_tier"] or ""],
        }

    @property
    def change(self) -> int | None:
        """The churn score minus that of a week before."""
        now, before = self.facts["churn_score"], self.facts["churn_score_a_week_before"]
        return None if now is None or before is None else now - before


def tutors_of(tables: Tables) -> list[Tutor]:
    """All tutors, by key."""
    queries = tables.open
    people = {row["tutor_id"]: row for row in tables.personal.get("tutors", [])}
    private = {row["intervention_id"]: row for row in tables.personal.get("interventions", [])}
    metrics, scores = _by_tutor(queries["metrics"]), _by_tutor(queries["scores"])
    interventions = _by_tutor(
        private.get(row["intervention_id"], {}) | row | {"is_overdue": _is_overdue(row, tables)}
        for row in queries["interventions"]
    )
    recommendations = _by_tutor(queries["recommendations"])
    rows = sorted(queries["tutors"], key=lambda row: str(row["tutor_id"]))
    pages = page_names(row["tutor_id"] for row in rows)
    return [
        Tutor(
            tutor_id=key,
            page=pages[key],
            facts=row,
            person=people.get(key),
            factors=_factors(row["contributing_factors"]),
            metrics=sorted(metrics[key], key=lambda metric: metric["day"]),
            scores=scores[key],
            interventions=sorted(interventions[key], key=_latest_first, reverse=True),
            recommendations=sorted(recommendations[key], key=_most_urgent),
        )
        for row in rows
        for key in [row["tutor_id"]]
    ]


def queue_of(tutors: Iterable[Tutor]) -> list[Tutor]:
    """Tutors by part of the queue, and in each by probability, the highest first."""
    return sorted(
        (tutor for tutor in tutors if tutor.facts["queue_part"]),
        key=lambda tutor: (
            tutor.part,
            -(tutor.facts["window_30day_probability"] or 0),
            tutor.facts["days_since_last_session"] or 0,
            tutor.tutor_id,
        ),
    )


def choices_of(tutors: Sequence[Tutor]) -> list[tuple[str, str, list[str]]]:
    """What lists of tutors can be filtered by: name, title, and values."""

    def values(name: str) -> list[str]:
        return sorted({value for tutor in tutors for value in tutor.groups[name]}, key=str.lower)

    return [
        ("tier", "Tier", list(TIERS)),
        ("subject", "Subject", values("subject")),
        ("location", "Location", values("location")),
    ]


def _is_overdue(row: Row, tables: Tables) -> bool:
    due = row["due_date"]
    return bool(row["status"] in OPEN and due and tables.as_of and due.date() < tables.as_of)


def _by_tutor(rows: Iterable[Row]) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["tutor_id"]].append(row)
    return found


def _factors(text: str | None) -> list[tuple[str, float]]:
    shares: dict[str, float] = json.loads(text or "{}")
    return sorted(shares.items(), key=lambda item: (-item[1], item[0]))


def _latest_first(row: Row) -> tuple[Any, ...]:
    return (row["recommended_date"] or datetime.min.replace(tzinfo=UTC), row["intervention_id"])


def _most_urgent(row: Row) -> tuple[Any, ...]:
    return (row["priority"], row["due_date"], row["intervention_type"])
