"""Whether interventions of each type helped: differences to their control groups, with ranges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import sqrt
from typing import NamedTuple

from tutormax.reports.reading import Row
from tutormax.reports.words import verdict

MEASURES = (
    ("churn_score", "Churn score", -1, 1),
    ("avg_rating", "Rating", 1, 2),
    ("engagement_score", "Engagement", 1, 3),
)
"""Name, title, whether more is better (1) or worse (-1), and decimals of each measure."""

NORMAL_95 = 1.96


class Difference(NamedTuple):
    """How much more a measure changed after interventions than in their control groups."""

    mean: float
    low: float
    high: float
    answer: str
    """Better or worse if the range excludes 0."""


class Effect(NamedTuple):
    """What is known of one type of intervention."""

    kind: str
    tutors: int
    comparison_tutors: int
    differences: dict[str, Difference | None]


def effects_of(
    differences: Iterable[Row], months: Iterable[Row], *, min_tutors: int
) -> list[Effect]:
    """One effect per type, over all months; no difference if too few tutors are behind it."""
    min_tutors = max(min_tutors, 2)
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in differences:
        rows[row["intervention_type"]].append(row)
    compared: dict[str, int] = defaultdict(int)
    for month in months:
        kind = month["intervention_type"]
        compared[kind] = max(compared[kind], month["comparison_tutors"])
    return [
        Effect(
            kind,
            len({row["tutor_id"] for row in rows[kind]}),
            compared[kind],
            {
                name: _difference(rows[kind], compared[kind], name, better, digits)
                if compared[kind] >= min_tutors
                and len({row["tutor_id"] for row in rows[kind] if row[name] is not None})
                >= min_tutors
                else None
                for name, _, better, digits in MEASURES
            },
        )
        for kind in sorted(compared)
    ]


def _difference(
    rows: Sequence[Row], compared: int, name: str, better: int, digits: int
) -> Difference:
    """The mean over interventions, and its range.

    Interventions of one tutor count as one observation; tutors of the control group are taken to
    vary as much as these.
    """
    values = [(row["tutor_id"], row[name]) for row in rows if row[name] is not None]
    mean = sum(value for _, value in values) / len(values)
    by_tutor: dict[str, float] = defaultdict(float)
    for tutor_id, value in values:
        by_tutor[tutor_id] += value - mean
    squares = sum(rest**2 for rest in by_tutor.values())
    tutors = len(by_tutor)
    variance = squares * tutors / (tutors - 1) / len(values) ** 2
    reach = NORMAL_95 * sqrt(variance * (1 + tutors / compared))
    low, high = mean - reach, mean + reach
    return Difference(
        mean, low, high, verdict(mean, better, digits) if low > 0 or high < 0 else "unclear"
    )
