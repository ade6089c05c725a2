"""The content of each page: values for its template, and columns for its charts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tutormax.closed_periods import hint, undeclared_periods
from tutormax.reports.changes import best_change
from tutormax.reports.columns import Columns, columns_of, rows_of, significant, tenths, weeks
from tutormax.reports.effects import MEASURES, effects_of
from tutormax.reports.people import OPEN, Tutor, choices_of, queue_of
from tutormax.reports.reading import Row, Tables
from tutormax.reports.reasons import Meaning
from tutormax.reports.shapes import shapes_of
from tutormax.reports.words import (
    BETTER,
    HORIZONS,
    QUEUE_PARTS,
    RISKS,
    SOURCES,
    TIERS,
    WINDOWS,
    day,
    share_of,
    words,
)
from tutormax.train.model import Model

Values = dict[str, Any]

TOP_OF_QUEUE = 5
NAMED_REASONS = 3
ARRIVAL_DAYS = 90
METRICS = (
    ("sessions_completed", "Sessions completed", "number", "in the window"),
    ("avg_rating", "Average rating", "rating", "overall, 1–5"),
    ("first_session_success_rate", "First-session success", "share", "of rated first sessions"),
    ("reschedule_rate", "Reschedule rate", "share", "of sessions, moved by the tutor"),
    ("no_show_count", "No-shows", "number", "sessions nobody came to"),
    ("engagement_score", "Engagement score", "rating", "0–1, logins and sessions"),
)
OTHER_METRICS = (
    (
        "learning_objectives_met_pct",
        "Learning objectives met",
        "percentage",
        "of sessions with a record of it",
    ),
    ("response_time_avg_minutes", "Response time", "minutes", "minutes, on average"),
)
LITTLE_DRIFT = 0.1


def overview(
    tables: Tables, tutors: Sequence[Tutor], meanings: Iterable[Meaning], declared: set[date]
) -> Values:
    """index.html; `declared` are the closed days."""
    as_of = tables.as_of
    periods = {row["period"]: row for row in tables.open["activity"]}
    month_ago = as_of - timedelta(days=30) if as_of else None
    risks = _by_day(tables.open["risk_days"])
    sources, reasons = _sources(tables), _reasons(tables)
    listed = queue_of(tutors)
    with_keys = {row["source_table"]: row["reasons"] for row in tables.personal.get("arrivals", [])}
    return {
        "tiers": _compared(tables.open["tiers"], "performance_tier", TIERS, as_of, month_ago),
        "risks": _compared(tables.open["risk_days"], "risk_level", RISKS, as_of, month_ago),
        "now": _rates(periods.get(0)),
        "before": _rates(periods.get(1)),
        "expected": _expected(risks.get(as_of)),
        "expected_before": _expected(risks.get(month_ago)),
        "head": [one for one in listed if one.facts["queue_part"] == "kept"][:TOP_OF_QUEUE],
        "parts": parts_of(listed),
        "arrivals": [
            row | {"reasons": with_keys.get(row["source_table"], row["reasons"])}
            for row in tables.open["arrivals"]
        ],
        "closed": hint(
            undeclared_periods(
                {row["day"]: row["completed"] for row in tables.open["session_days"]}, declared
            )
        ),
        "silence": next(iter(tables.open["silence"]), None),
        "sources": sources,
        "accepted": sum(row["accepted"] for row in sources),
        "rejected": sum(row["rejected"] for row in sources),
        "reasons": reasons[:NAMED_REASONS],
        # A row whose tutor is rejected is accepted once the tutor is.
        "causes": [row for row in reasons if not row["reason"].endswith("_not_accepted")][
            :NAMED_REASONS
        ],
        "meanings": _texts(meanings),
        "data": {
            "weeks": weeks(tables.open["weeks"]),
            "expected_days": columns_of(
                {"day": day(at), "expected": _expected(rows)} for at, rows in sorted(risks.items())
            ),
        },
    }


def queue(tables: Tables, tutors: Sequence[Tutor]) -> Values:
    """queue.html."""
    listed = queue_of(tutors)
    return {
        "queue": listed,
        "parts": [(name, f"{title} ({count:,})") for name, title, count in parts_of(listed)],
        "counts": Counter(tutor.facts["risk_level"] for tutor in listed),
        "choices": choices_of(listed),
        "silence": next(iter(tables.open["silence"]), None),
    }


def parts_of(listed: Sequence[Tutor]) -> list[tuple[str, str, int]]:
    """The parts of the queue: name, title, and how many tutors are in it."""
    counts = Counter(tutor.facts["queue_part"] for tutor in listed)
    return [(name, title, counts[name]) for name, title in QUEUE_PARTS.items()]


def tutor_list(tutors: Sequence[Tutor]) -> Values:
    """tutors/index.html."""
    return {
        "tutors": sorted(tutors, key=lambda tutor: (tutor.title.lower(), tutor.tutor_id)),
        "choices": choices_of(tutors),
    }


def tutor(who: Tutor, as_of: date | None, models: Mapping[str | None, Model]) -> Values:
    """tutors/<key>.html; `models` are those of which the project has seeds."""
    latest = {row["metric_window"]: row for row in who.metrics if row["day"] == as_of}
    change = None
    if model := models.get(who.facts["model_version"]):
        risks = {horizon: who.facts[f"window_{horizon}day_probability"] for horizon in HORIZONS}
        change = best_change(model, risks, _features(who.facts, latest.get("30day", {})))
    return {
        "tutor": who,
        "change": change,
        "latest": latest,
        "metrics": METRICS,
        "other_metrics": OTHER_METRICS,
        "horizons": [
            (horizon, who.facts[f"window_{horizon}day_probability"]) for horizon in HORIZONS
        ],
        "data": {
            "metrics": _metric_columns(who.metrics),
            "scores": columns_of(
                {"day": day(row["day"]), "churn_score": row["churn_score"]} for row in who.scores
            ),
        },
    }


def _features(facts: Row, month: Row) -> dict[str, float | None]:
    """Features of the churn model that follow from published columns, null as there."""
    objectives = month.get("learning_objectives_met_pct")
    return {
        "days_since_last_session": facts["days_since_last_session"],
        "sessions_per_week_30day": facts["sessions_a_week_of_30_days"],
        "avg_rating_30day": month.get("avg_rating"),
        "reschedule_rate_30day": month.get("reschedule_rate"),
        "objectives_met_share_30day": None if objectives is None else objectives / 100,
        "response_minutes_30day": month.get("response_time_avg_minutes"),
    }


def interventions(tables: Tables, tutors: Sequence[Tutor], *, min_tutors: int) -> Values:
    """interventions.html."""
    recommended = sorted(
        ((tutor, row) for tutor in tutors for row in tutor.recommendations),
        key=lambda pair: (
            pair[1]["priority"],
            pair[1]["due_date"],
            -(pair[0].facts["churn_score"] or 0),
            pair[0].tutor_id,
        ),
    )
    unfinished = sorted(
        ((tutor, row) for tutor in tutors for row in tutor.under_way),
        key=lambda pair: (
            pair[1]["due_date"] is None,
            pair[1]["due_date"],
            pair[1]["intervention_id"],
        ),
    )
    months = tables.open["effectiveness"]
    return {
        "recommended": recommended,
        "tutors_recommended": len({tutor.tutor_id for tutor, _ in recommended}),
        "types": [
            (kind, f"{words(kind)} ({count:,})")
            for kind, count in sorted(
                Counter(row["intervention_type"] for _, row in recommended).items()
            )
        ],
        "open": unfinished,
        "counts": {s: sum(row["status"] == s for _, row in unfinished) for s in OPEN}
        | {"overdue": sum(row["is_overdue"] for _, row in unfinished)},
        "choices": choices_of(tutors),
        "measures": MEASURES,
        "effects": effects_of(tables.open["differences"], months, min_tutors=min_tutors),
        "months": sorted(
            months, key=lambda row: (row["intervention_type"], row["recommended_month"])
        ),
    }


def model(tables: Tables, project: Path) -> Values:
    """model.html; the folder of the project has the seeds of the model."""
    outcomes = sorted(
        tables.open["outcomes"],
        key=lambda row: (
            *(row["model_version"], row["horizon_days"]),
            *(row["prediction_month"], row["population"]),
        ),
    )
    drift = tables.open["drift"]
    # The version of the latest month: versions are names without an order.
    ranked = [(row["prediction_month"], row["model_version"]) for row in (*drift, *outcomes)]
    version = max(ranked)[1] if ranked else None
    own = [row for row in outcomes if row["model_version"] == version]
    active, overall = (
        [row for row in own if row["population"] == population] for population in ("active", "all")
    )
    months = sorted({row["prediction_month"] for row in drift if row["model_version"] == version})
    data: dict[str, Columns] = {}
    for horizon in HORIZONS:
        data[f"auc_{horizon}"] = columns_of(
            {
                "month": day(row["prediction_month"]),
                "auc": row["auc"],
                "baseline_auc": row["baseline_auc"],
            }
            for row in active
            if row["horizon_days"] == horizon
        )
        data[f"calibration_{horizon}"] = tenths(
            row
            for row in tables.open["calibration"]
            if row["model_version"] == version and row["horizon_days"] == horizon
        )
    shapes = shapes_of(project, version)
    data |= {f"shape_{shape.feature}": shape.data for shape in shapes.listed} if shapes else {}
    return {
        "version": version,
        "shapes": shapes,
        "versions": sorted({row["model_version"] for row in outcomes}),
        "horizons": HORIZONS,
        "outcomes": outcomes,
        "latest": {row["horizon_days"]: row for row in overall},
        "ranked": {row["horizon_days"]: row for row in active if row["auc"] is not None},
        "calibration": {h: list(rows_of(data[f"calibration_{h}"])) for h in HORIZONS},
        "months": months[-6:],
        "drift": _drift([row for row in drift if row["model_version"] == version], months[-6:]),
        "data": data,
    }


def quality(tables: Tables, meanings: Iterable[Meaning]) -> Values:
    """quality.html."""
    days = tables.open["rejected_days"]
    last = max((row["day"] for row in days), default=None)
    recent = [row for row in days if last and row["day"] > last - timedelta(days=ARRIVAL_DAYS)]
    examples = {
        (row["source_table"], row["reason"]): row["example"]
        for row in tables.personal.get("rejected_reasons", [])
    }
    return {
        "sources": _sources(tables),
        "reasons": [
            row | {"example": examples.get((row["source_table"], row["reason"]))}
            for row in _reasons(tables)
        ],
        "has_examples": bool(examples),
        "meanings": _texts(meanings),
        "runs": tables.open["runs"],
        "by_day": _totals(recent),
        "older": sum(row["rejected"] for row in days) - sum(row["rejected"] for row in recent),
        "data": {
            "rejected_days": columns_of(
                {
                    "day": day(row["day"]),
                    "kind": words(row["source_table"]),
                    "count": row["rejected"],
                    "rank": SOURCES.index(row["source_table"]),
                }
                for row in recent
            )
        },
    }


def _texts(meanings: Iterable[Meaning]) -> dict[str, str]:
    return {reason: one.text for one in meanings for reason in one.reasons}


def _by_day(rows: Iterable[Row]) -> dict[date | None, list[Row]]:
    found: dict[date | None, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["day"]].append(row)
    return dict(found)


def _expected(rows: Iterable[Row] | None) -> float | None:
    return None if rows is None else round(sum(row["expected_churn"] for row in rows), 6)


def _compared(
    rows: Iterable[Row], name: str, kinds: Sequence[str], now: date | None, before: date | None
) -> list[Row]:
    """Tutors of each kind on two days; empty if there are none on the first."""
    counts: dict[tuple[date, str], int] = {(row["day"], row[name]): row["tutors"] for row in rows}
    days = {at for at, _ in counts}
    if now not in days:
        return []
    total = sum(count for (at, _), count in counts.items() if at == now)
    return [
        {
            "kind": kind,
            "tutors": counts.get((now, kind), 0),
            "share": counts.get((now, kind), 0) / total,
            "better": BETTER.get(kind, 0),
            "change": counts.get((now, kind), 0) - counts.get((before, kind), 0)
            if before is not None and before in days
            else None,
        }
        for kind in kinds
    ]


def _rates(period: Row | None) -> Values:
    row = period or defaultdict(int)
    return {
        "sessions": row["sessions"],
        "completed": row["completed"],
        "rating": share_of(row["rating_sum"], row["ratings"]),
        "no_show_rate": share_of(row["no_shows"], row["sessions"]),
    }


def _metric_columns(rows: Iterable[Row]) -> Columns:
    """One column per metric and window, one value per calculation date."""
    by_day: dict[date, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        by_day[row["day"]][row["metric_window"]] = row
    if not by_day:
        return {}
    columns: Columns = {"day": [day(at) for at in by_day]}
    for metric, *_ in METRICS:
        for window in WINDOWS:
            columns[f"{metric}_{window}"] = [
                significant(windows[window][metric]) if window in windows else None
                for windows in by_day.values()
            ]
    return columns


def _sources(tables: Tables) -> list[Row]:
    """One row per source, in order of dependency."""
    found = {row["source_table"]: row for row in tables.open["tables"]}
    return [
        found[name] | {"received": found[name]["accepted"] + found[name]["rejected"]}
        for name in SOURCES
    ]


def _reasons(tables: Tables) -> list[Row]:
    """One row per reason and source, the most frequent first."""
    return sorted(
        tables.open["rejected_reasons"],
        key=lambda row: (-row["rejected"], row["source_table"], row["reason"]),
    )


def _totals(rows: Iterable[Row]) -> list[Row]:
    totals: dict[date, int] = defaultdict(int)
    for row in rows:
        totals[row["day"]] += row["rejected"]
    return [{"day": at, "rejected": count} for at, count in sorted(totals.items(), reverse=True)]


def _drift(rows: Iterable[Row], months: Sequence[date]) -> list[Row]:
    """One row per feature with its index in each month, by drift in the last month."""
    found: dict[str, dict[date, float]] = defaultdict(dict)
    for row in rows:
        found[row["feature"]][row["prediction_month"]] = row["population_stability_index"]
    listed = [
        {
            "feature": feature,
            "indexes": [by_month.get(month) for month in months],
            "has_moved": by_month.get(months[-1], 0) >= LITTLE_DRIFT,
        }
        for feature, by_month in found.items()
    ]
    return sorted(listed, key=lambda row: (-(row["indexes"][-1] or 0), row["feature"]))
