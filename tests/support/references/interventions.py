"""What the default rules recommend and what interventions changed, again in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from statistics import fmean
from typing import Any

from support.references.churn import session_days, silent_days

Row = dict[str, Any]
Number = float | None

MEASURES = ("avg_rating", "engagement_score", "churn_score")
COOL_DOWN = {
    "retention_interview": 14,
    "performance_improvement_plan": 60,
    "manager_coaching": 14,
    "first_session_checkin": 14,
    "rescheduling_alert": 14,
    "training_module": 30,
    "peer_mentoring": 30,
    "automated_coaching": 14,
    "recognition": 30,
}


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def utc_day(instant: datetime) -> date:
    return instant.astimezone(UTC).date()


def less(value: Number, bound: float) -> bool:
    return value is not None and value < bound


def more(value: Number, bound: float) -> bool:
    return value is not None and value > bound


class Seen:
    """What the rules see of one tutor on a date."""

    def __init__(self, windows: dict[str, Row], risk: str | None, tenure: int, sessions: int):
        self.week, self.month = windows["7day"], windows["30day"]
        self.risk = risk
        self.tenure = tenure
        self.sessions = sessions

    def fall(self, metric: str) -> float | None:
        """How far the week is below the month, as exact as quotients of counts are."""
        week, month = self.week[metric], self.month[metric]
        if week is None or month is None:
            return None
        exact = [Fraction(value).limit_denominator(10**6) for value in (month, week)]
        return float(exact[0] - exact[1]) if metric == "avg_rating" else round(month - week, 9)

    def rules(self) -> list[tuple[str, str]]:
        """The rules that fire, in their order, each with its type of intervention."""
        month = self.month
        rating, engagement = month["avg_rating"], month["engagement_score"]
        fall, engagement_fall = self.fall("avg_rating"), self.fall("engagement_score")
        tier = month["performance_tier"]
        signs = [tier == "At Risk", more(fall, 0.5), more(engagement_fall, 0.2)]
        enough = self.sessions >= 3
        held: list[tuple[str, str, bool]] = [
            ("critical_churn_risk", "retention_interview", self.risk == "Critical"),
            ("severe_decline", "performance_improvement_plan", enough and sum(signs) >= 2),
            ("high_churn_risk", "manager_coaching", self.risk == "High"),
            (
                "poor_first_sessions",
                "first_session_checkin",
                enough and less(month["first_session_success_rate"], 0.6),
            ),
            (
                "frequent_rescheduling",
                "rescheduling_alert",
                enough and more(month["reschedule_rate"], 0.2),
            ),
            ("low_engagement", "training_module", enough and less(engagement, 0.6)),
            ("medium_churn_risk", "peer_mentoring", self.risk == "Medium"),
            (
                "declining_ratings",
                "automated_coaching",
                enough and less(rating, 4) and fall is not None and 0.3 <= fall <= 0.5,
            ),
            (
                "new_tutor_support",
                "training_module",
                enough and 7 <= self.tenure <= 30 and less(rating, 4.2),
            ),
            (
                "high_performer",
                "recognition",
                enough
                and tier in ("Exemplary", "Strong")
                and not less(rating, 4.5)
                and rating is not None
                and not less(engagement, 0.8)
                and engagement is not None,
            ),
        ]
        return [(rule, kind) for rule, kind, holds in held if holds]


def is_held_back(kind: str, given: Iterable[Row], as_of: date) -> bool:
    now = midnight(as_of)
    for row in given:
        if row["intervention_type"] != kind or row["recommended_date"] >= now:
            continue
        open_still = row["status"] in ("pending", "in_progress") or (
            row["status"] == "completed" and row["completed_date"] >= now
        )
        if open_still or row["recommended_date"] >= now - timedelta(days=COOL_DOWN[kind]):
            return True
    return False


def recommended(
    rows: Callable[[str], list[Row]], as_of: date
) -> dict[tuple[str, str], tuple[str, ...]]:
    """The rules that fire, by tutor and type of intervention."""
    now = midnight(as_of)
    windows: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows("tutor_performance_metrics"):
        if row["calculation_date"] == now:
            windows[row["tutor_id"]][row["window"]] = row
    risks = {
        row["tutor_id"]: row["risk_level"]
        for row in rows("churn_predictions")
        if row["prediction_date"] == now
    }
    onboarded = {row["tutor_id"]: utc_day(row["onboarding_date"]) for row in rows("tutors")}
    sessions: dict[str, int] = defaultdict(int)
    for row in rows("sessions"):
        sessions[row["tutor_id"]] += now - timedelta(days=30) <= row["scheduled_start"] < now
    given: dict[str, list[Row]] = defaultdict(list)
    for row in rows("interventions"):
        given[row["tutor_id"]].append(row)
    active = {row["tutor_id"] for row in rows("tutors") if row["status"] == "active"}
    result: dict[tuple[str, str], tuple[str, ...]] = {}
    for tutor, of_tutor in windows.items():
        if tutor not in active:
            continue
        tenure = (as_of - onboarded[tutor]).days
        seen = Seen(of_tutor, risks.get(tutor), tenure, sessions[tutor])
        for rule, kind in seen.rules():
            if not is_held_back(kind, given[tutor], as_of):
                result[tutor, kind] = (*result.get((tutor, kind), ()), rule)
    return result


def silence(rows: Callable[[str], list[Row]], as_of: date) -> dict[str, int | None]:
    """How many days each tutor has been silent."""
    held = session_days({"sessions": rows("sessions")})
    return {row["tutor_id"]: silent_days(held[row["tutor_id"]], as_of) for row in rows("tutors")}


def effects(rows: Callable[[str], list[Row]], as_of: date) -> dict[tuple[str, date], Row]:
    """The changes and those of the comparison groups, by type of intervention and month."""
    values: dict[tuple[str, date], Row] = defaultdict(dict)
    for row in rows("tutor_performance_metrics"):
        if row["window"] == "30day":
            values[row["tutor_id"], utc_day(row["calculation_date"])].update(row)
    for row in rows("churn_predictions"):
        values[row["tutor_id"], utc_day(row["prediction_date"])].update(row)
    tutors = {tutor for tutor, _ in values}
    given = [row for row in rows("interventions") if utc_day(row["recommended_date"]) < as_of]

    def change(tutor: str, done: date, measure: str) -> float | None:
        before = values.get((tutor, done - timedelta(days=1)), {}).get(measure)
        after = values.get((tutor, done + timedelta(days=30)), {}).get(measure)
        return None if before is None or after is None else after - before

    def completed_day(row: Row) -> date | None:
        done = row["status"] == "completed" and utc_day(row["completed_date"])
        return done if done and done < as_of else None

    def had_one(tutor: str, done: date) -> bool:
        first, last = done - timedelta(days=1), done + timedelta(days=29)
        for row in given:
            begin = utc_day(row["recommended_date"])
            end = completed_day(row) or (begin if row["status"] == "cancelled" else as_of)
            if row["tutor_id"] == tutor and begin <= last and end >= first:
                return True
        return False

    def risk(tutor: str, done: date) -> str | None:
        return values.get((tutor, done - timedelta(days=1)), {}).get("risk_level")

    spared = {
        done: [tutor for tutor in tutors if risk(tutor, done) and not had_one(tutor, done)]
        for done in {completed_day(row) for row in given} - {None}
        if done and done + timedelta(days=30) <= as_of
    }
    groups: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for row in given:
        month = utc_day(row["recommended_date"]).replace(day=1)
        groups[row["intervention_type"], month].append(row)
    result: dict[tuple[str, date], Row] = {}
    for key, members in groups.items():
        own: dict[str, list[float]] = defaultdict(list)
        others: dict[str, list[float]] = defaultdict(list)
        measured: set[str] = set()
        compared: set[str] = set()
        for row in members:
            done = completed_day(row)
            if done is None or done not in spared:
                continue
            peers = [
                tutor for tutor in spared[done] if risk(tutor, done) == risk(row["tutor_id"], done)
            ]
            for measure in MEASURES:
                mine = change(row["tutor_id"], done, measure)
                if mine is None:
                    continue
                measured.add(row["tutor_id"])
                compared.update(peers)
                own[measure].append(mine)
                theirs = [change(tutor, done, measure) for tutor in peers]
                known = [value for value in theirs if value is not None]
                if known:
                    others[measure].append(fmean(known))
        result[key] = {
            "recommended": len(members),
            "completed": sum(completed_day(row) is not None for row in members),
            "tutors_measured": len(measured),
            "comparison_tutors": len(compared),
        }
        for measure in MEASURES:
            means = (
                (f"{measure}_change", own),
                (f"comparison_{measure}_change", others),
            )
            for name, known_changes in means:
                found = known_changes[measure]
                result[key][name] = fmean(found) if found else None
    return result
