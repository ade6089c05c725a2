"""A value that lies exactly on a bound is on it: every small combination, of every metric."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from itertools import product

from support.factories import WORLD_WITH_REFUSALS as WORLD
from support.references.metrics import tier_bounds, tier_of
from support.tables import Row
from support.warehouses import DatabaseWarehouse
from tutormax.schema import DAY_MEASURES

__all__ = ["WORLD"]

WINDOWS = "intermediate.int_activity__tutor_rolling_windows"
METRICS = "tutor_performance_metrics"
MOST = 12
"""So many sessions in a window at most."""

SHARES = {
    "avg_rating": ("rating_sum", "ratings", 5, 1),
    "first_session_success_rate": ("first_successes", "first_ratings", 1, 1),
    "reschedule_rate": ("reschedules", "sessions", 1, 1),
    "no_show_rate": ("no_shows", "sessions", 1, 1),
    "learning_objectives_met_pct": ("objectives_met", "objectives_known", 1, 100),
}
"""The sums whose quotient a metric is, the most that one counts, and what it is times."""

BOUNDS = tier_bounds()


def shares_on_bounds() -> Iterator[tuple[Row, Row]]:
    for metric, (part, whole, most, times) in SHARES.items():
        bounds = {BOUNDS[metric]["green"], BOUNDS[metric]["red"]}
        for of in range(1, 41):
            for held in range(of * most + 1):
                if Fraction(held * times, of) in bounds:
                    yield (
                        {"sessions": 1, part: held} | {whole: of},
                        {metric: Fraction(held * times, of)},
                    )


def engagement_on_bounds() -> Iterator[tuple[Row, Row]]:
    """Logins, starts on time and sessions with a score, and the one sum of scores that fits."""
    for sessions in range(1, MOST + 1):
        most = range(sessions + 1)
        bounds = (BOUNDS["engagement_score"]["green"], BOUNDS["engagement_score"]["red"])
        for logins, on_time, scores, bound in product(most, most, most, bounds):
            mean = (5 * bound - Fraction(2 * logins + on_time, sessions)) / 2
            total = mean * scores * 10**12
            if scores == 0 and mean != Fraction(1, 2):
                continue
            if 0 <= mean <= 1 and total.denominator == 1:
                yield (
                    {
                        "sessions": sessions,
                        "logins": logins,
                        "on_time_starts": on_time,
                        "engagement_scores": scores,
                        "engagement_sum": int(total),
                    },
                    {"engagement_score": bound},
                )


def fill(warehouse: DatabaseWarehouse, cases: list[tuple[Row, Row]]) -> dict[date, Row]:
    """Let each case be the 30 days before a date of its own; returns the exact values by date."""
    columns = ["metric_window", "tutor_id", "calculation_day", *DAY_MEASURES]
    expected, rows = {}, []
    for number, (sums, exact) in enumerate(cases):
        day = date(1900, 1, 1) + timedelta(days=number)
        expected[day] = sums | exact
        values = [str(sums.get(measure, 0)) for measure in DAY_MEASURES]
        rows.append(f"('30day', 'tutor-1', date '{day}', {', '.join(values)})")
    for at in range(0, len(rows), 1000):
        warehouse.execute(
            f"insert into {WINDOWS} ({', '.join(columns)}) "
            f"values {', '.join(rows[at : at + 1000])} returning 1"
        )
    return expected


def test_a_value_on_a_bound_is_on_it(warehouse: DatabaseWarehouse) -> None:
    cases = [*shares_on_bounds(), *engagement_on_bounds()]
    assert len(cases) > 800
    expected = fill(warehouse, cases)
    warehouse.build("--select", METRICS, variables={"restate_from": "1900-01-01"})
    found = {
        row["calculation_date"].date(): row
        for row in warehouse.rows(METRICS)
        if row["calculation_date"].year < 2000
    }
    assert found.keys() == expected.keys()
    for day, held in expected.items():
        for metric, exact in held.items():
            if metric in found[day]:
                assert found[day][metric] == float(exact), held
        assert found[day]["performance_tier"] == tier_of(as_fractions(held), BOUNDS), held


def as_fractions(held: Row) -> Row:
    """The metrics that have bounds, from a window's sums."""
    metrics: Row = {}
    for metric, (part, whole, _, times) in SHARES.items():
        of = held.get(whole, 0)
        metrics[metric] = Fraction(held.get(part, 0) * times, of) if of else None
    sessions, scores = held["sessions"], held.get("engagement_scores", 0)
    mean = Fraction(held.get("engagement_sum", 0), scores * 10**12) if scores else Fraction(1, 2)
    metrics["engagement_score"] = (
        Fraction(2 * min(held.get("logins", 0), sessions) + held.get("on_time_starts", 0), sessions)
        + 2 * mean
    ) / 5
    return metrics
