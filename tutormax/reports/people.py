"""Tutors for the pages: one object each, from all queries about tutors."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tutormax.reports.names import page_names
from tutormax.reports.reading import Row, Tables
from tutormax.reports.words import day, factor, percent, words

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
            f"{factor(group)} {percent(share)}"
            for group, share in self.factors[:NAMED_FACTORS]
            if share >= SMALL_SHARE
        ]
        text = ", ".join(named)
        return text[:1].upper() + text[1:]

    @property
    def action(self) -> str:
        """What to do next, or what is being done."""
        if self.recommendations:
            return words(self.recommendations[0]["intervention_type"])
        under_way = [row for row in self.interventions if row["status"] in OPEN]
        return f"{words(under_way[0]['intervention_type'])} under way" if under_way else ""

    @property
    def action_note(self) -> str:
        """The due date, who does it, and whether there is more."""
        if not self.recommendations:
            return ""
        first, *others = self.recommendations
        more = f" · {len(others)} more" if others else ""
        return f"by {day(first['due_date'])} · {words(first['assigned_role'])}{more}"

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
        private.get(r["intervention_id"], {}) | r for r in queries["interventions"]
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
    """Tutors with a prediction, the highest probability first."""
    return sorted(
        (tutor for tutor in tutors if tutor.facts["churn_score"] is not None),
        key=lambda tutor: (-tutor.facts["window_30day_probability"], tutor.tutor_id),
    )


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
