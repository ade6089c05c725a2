"""Rows that break the acceptance rules, each in one known way.

Feedback, events and interventions have no dependents, so their rows are changed in place. A spoiled
tutor, student or session would cause hundreds of other rejections, so a spoiled copy is added under
a new id instead. Redeliveries and corrections add a second version of a key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tutormax.generate.columns import SCHEMAS, joined, numbered
from tutormax.generate.settings import DAY_US, HOUR_US, Settings
from tutormax.schema import KEYS, LOADED_AT

_DIRT = 90

Change = Callable[[pa.Table], pa.Table]
How = Literal["changed", "fresh", "again"]


@dataclass(frozen=True)
class Way:
    """One way to spoil rows of a table.

    `changed` replaces the row, `fresh` adds a spoiled copy under a new key, `again` adds a later
    version of the same key.
    """

    name: str
    how: How
    change: Change


class Dirt:
    """Spoils a share of the rows of every table, in each way in turn."""

    def __init__(self, settings: Settings, share: float) -> None:
        self._rng = settings.random(_DIRT)
        self._share = share
        self._rows = dict.fromkeys(SCHEMAS, 0)
        self._spoiled = dict.fromkeys(SCHEMAS, 0)

    def spoil(self, name: str, rows: pa.Table) -> pa.Table:
        """`rows` of table `name` with a share of them spoiled, or as many spoiled rows added."""
        before = self._spoiled[name]
        self._rows[name] += rows.num_rows
        # Counted over all chunks: in small ones the share would round to 0.
        count = int(self._share * self._rows[name]) - before
        if count <= 0:
            return rows
        self._spoiled[name] += count
        chosen = self._rng.permutation(rows.num_rows)[:count]
        ways = WAYS[name]
        turn = (before + np.arange(len(chosen))) % len(ways)
        keep = np.ones(rows.num_rows, dtype=bool)
        parts = []
        for number, way in enumerate(ways):
            at = np.sort(chosen[turn == number])
            if not len(at):
                continue
            picked = rows.take(pa.array(at))
            if way.how == "changed":
                keep[at] = False
            elif way.how == "fresh":
                serial = before + 1 + int(np.flatnonzero(turn == number)[0])
                picked = _renamed(name, picked, number, serial)
            else:
                picked = _later(picked)
            parts.append(way.change(picked))
        return pa.concat_tables([rows.filter(pa.array(keep)), *parts])


def _renamed(name: str, rows: pa.Table, way: int, serial: int) -> pa.Table:
    """Copies under unique ids: the number of the way, then a count within it."""
    key = KEYS[name]
    prefix = f"{key.removesuffix('_id')}_x{way:02d}_"
    step = len(WAYS[name])
    rows = _put(rows, key, numbered(prefix, serial // step, rows.num_rows, 6))
    if name == "tutors":
        rows = _put(rows, "email", joined(rows["tutor_id"].combine_chunks(), "@example.com"))
    return rows


def _put(rows: pa.Table, column: str, values: pa.Array | Sequence[Any]) -> pa.Table:
    """`rows` with `column` replaced; a sequence is repeated as needed."""
    at = rows.schema.get_field_index(column)
    field = rows.schema.field(at)
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        turns = np.arange(rows.num_rows) % len(values)
        values = pa.array(list(values), field.type).take(pa.array(turns))
    return rows.set_column(at, field, values)


def _moved(rows: pa.Table, column: str, origin: str, by_us: int) -> pa.Table:
    return _put(rows, column, pc.add(rows[origin], pa.scalar(by_us, pa.duration("us"))))


def _later(rows: pa.Table) -> pa.Table:
    return _moved(rows, LOADED_AT, LOADED_AT, HOUR_US)


def _set(name: str, how: How, /, **values: Sequence[Any]) -> Way:
    def change(rows: pa.Table) -> pa.Table:
        for column, choices in values.items():
            rows = _put(rows, column, choices)
        return rows

    return Way(name, how, change)


def _without(how: How, *columns: str) -> tuple[Way, ...]:
    return tuple(_set(f"{column}_missing", how, **{column: [None]}) for column in columns)


def _again(table: str, **correction: Sequence[Any]) -> tuple[Way, ...]:
    """A redelivery and, where rows have `updated_at`, a correction made a second later."""

    def correct(rows: pa.Table) -> pa.Table:
        for column, choices in correction.items():
            rows = _put(rows, column, choices)
        return _moved(rows, "updated_at", "updated_at", 1_000_000)

    redelivery = Way("redelivered", "again", lambda rows: rows)
    if "updated_at" not in SCHEMAS[table].names:
        return (redelivery,)
    return (redelivery, Way("corrected", "again", correct))


def _email_taken(rows: pa.Table) -> pa.Table:
    """Another tutor, arriving later (see `Way`), with the email of the row in capitals."""
    ids = joined("x_", rows["tutor_id"].combine_chunks())
    return _put(_put(rows, "email", pc.utf8_upper(rows["email"])), "tutor_id", ids)


def _second_feedback(rows: pa.Table) -> pa.Table:
    return _put(rows, "feedback_id", joined("second_", rows["feedback_id"].combine_chunks()))


def _somebody_else(column: str, one: str, other: str) -> Change:
    def change(rows: pa.Table) -> pa.Table:
        same = pc.equal(rows[column], one)
        return _put(rows, column, pc.if_else(same, other, one))

    return change


def _long_ago(rows: pa.Table) -> pa.Table:
    rows = _put(rows, "scheduled_start", [dt.datetime(1999, 12, 31, 15, tzinfo=dt.UTC)])
    return _put(rows, "actual_start", pc.if_else(rows["no_show"], None, rows["scheduled_start"]))


def _present_no_show(rows: pa.Table) -> pa.Table:
    return _put(_put(rows, "no_show", [True]), "actual_start", rows["scheduled_start"])


def _shifted(name: str, how: How, column: str, origin: str, days: int) -> Way:
    return Way(name, how, lambda rows: _moved(rows, column, origin, days * DAY_US))


WAYS: dict[str, tuple[Way, ...]] = {
    "tutors": (
        *_without("fresh", "tutor_id", "name", "email", "onboarding_date", "status"),
        _set("tutor_id_too_long", "fresh", tutor_id=["tutor_" + "9" * 60]),
        _set("name_too_long", "fresh", name=["Bartholomew " * 20]),
        _set("email_too_long", "fresh", email=["a" * 260 + "@example.com"]),
        _set("education_level_too_long", "fresh", education_level=["Diploma " * 20]),
        _set("location_too_long", "fresh", location=["Riverside " * 30]),
        _set("status_unknown", "fresh", status=["retired", "ACTIVE"]),
        _set("archetype_unknown", "fresh", behavioral_archetype=["wizard"]),
        _set(
            "email_malformed",
            "fresh",
            email=["no-at-sign.example.com", "two@at@example.com", "@example.com", "nobody@"],
        ),
        Way("email_taken", "again", _email_taken),
        _set(
            "baseline_out_of_range",
            "fresh",
            baseline_sessions_per_week=[-1.0, 168.5, float("nan"), float("inf"), float("-inf")],
        ),
        *_again("tutors", location=["Stonebridge"]),
    ),
    "students": (
        *_without("fresh", "student_id", "name"),
        _set("age_out_of_range", "fresh", age=[2, 121, 0, -7]),
        *_again("students", grade_level=["Grade 7"]),
    ),
    "sessions": (
        *_without(
            "fresh",
            "session_id",
            "tutor_id",
            "student_id",
            "session_number",
            "scheduled_start",
            "duration_minutes",
            "subject",
            "session_type",
            "no_show",
        ),
        _set("tutor_unknown", "fresh", tutor_id=["tutor_unknown"]),
        _set("student_unknown", "fresh", student_id=["student_unknown"]),
        _set("number_out_of_range", "fresh", session_number=[0, -1]),
        _set("session_type_unknown", "fresh", session_type=["webinar", "1-ON-1"]),
        _set("duration_out_of_range", "fresh", duration_minutes=[-30, 1441]),
        _set("late_start_out_of_range", "fresh", late_start_minutes=[-1]),
        _set(
            "engagement_out_of_range",
            "fresh",
            engagement_score=[float("nan"), 1.01, float("inf"), -0.01, float("-inf")],
        ),
        Way("no_show_with_actual_start", "fresh", _present_no_show),
        Way("scheduled_before_2000", "fresh", _long_ago),
        *_again("sessions", duration_minutes=[75]),
    ),
    "student_feedback": (
        *_without(
            "changed",
            "feedback_id",
            "session_id",
            "student_id",
            "tutor_id",
            "overall_rating",
            "submitted_at",
        ),
        _set("session_unknown", "changed", session_id=["session_unknown"]),
        Way(
            "tutor_of_another_session",
            "changed",
            _somebody_else("tutor_id", "tutor_00001", "tutor_00002"),
        ),
        Way(
            "student_of_another_session",
            "changed",
            _somebody_else("student_id", "student_000001", "student_000002"),
        ),
        Way("second_feedback", "again", _second_feedback),
        _set("overall_rating_out_of_range", "changed", overall_rating=[0, 6]),
        *(
            _set(f"{what}_rating_out_of_range", "changed", **{f"{what}_rating": [0, 6]})
            for what in (
                "subject_knowledge",
                "communication",
                "patience",
                "engagement",
                "helpfulness",
            )
        ),
        # Feedback is submitted at most ten days after its session.
        _shifted("before_its_session", "changed", "submitted_at", "submitted_at", -30),
        *_again("student_feedback"),
    ),
    "tutor_events": (
        *_without("changed", "event_id", "tutor_id", "event_type", "event_timestamp"),
        _set("tutor_unknown", "changed", tutor_id=["tutor_unknown"]),
        _set("metadata_no_object", "changed", metadata=["[1, 2]", '"late"', "17", "true"]),
        *_again("tutor_events"),
    ),
    "interventions": (
        *_without(
            "changed",
            "intervention_id",
            "tutor_id",
            "intervention_type",
            "recommended_date",
            "status",
        ),
        _set("tutor_unknown", "changed", tutor_id=["tutor_unknown"]),
        _set("type_unknown", "changed", intervention_type=["surprise_party"]),
        _set("status_unknown", "changed", status=["on hold"]),
        _set("outcome_unknown", "changed", outcome=["unclear"]),
        _set("completed_without_date", "changed", status=["completed"], completed_date=[None]),
        _shifted("due_before_recommended", "changed", "due_date", "recommended_date", -1),
        _shifted(
            "completed_before_recommended", "changed", "completed_date", "recommended_date", -1
        ),
        *_again("interventions", notes=["Corrected afterwards."]),
    ),
}
"""The ways to spoil each table's rows, taken in turn."""
