"""tutor_performance_metrics as many applications compute them: query after query, in a loop.

For each tutor and window of one calculation date three queries of the published tables, and the
rest in Python.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb

WINDOWS = {"7day": 7, "30day": 30, "90day": 90}

SESSIONS = """
    select
        count(*),
        count(*) filter (where not no_show and actual_start is not null),
        count(*) filter (where no_show),
        avg(cast(tutor_initiated_reschedule as int)),
        count(*) filter (where coalesce(late_start_minutes, 0) <= 10),
        avg(engagement_score),
        avg(100 * cast(learning_objectives_met as int))
    from tutormax.sessions
    where tutor_id = ? and scheduled_start >= ? and scheduled_start < ?
"""
RATINGS = """
    select
        avg(overall_rating),
        avg(cast(overall_rating >= 4 as int)) filter (where session_number = 1)
    from tutormax.student_feedback
    inner join tutormax.sessions using (session_id)
    where
        sessions.tutor_id = ? and scheduled_start >= ? and scheduled_start < ?
        and submitted_at < ?
"""
EVENTS = """
    select
        count(*) filter (where event_type = 'login'),
        avg(cast(metadata ->> '$.response_time_minutes' as double)) filter (
            where event_type = 'message_response'
        )
    from tutormax.tutor_events
    where tutor_id = ? and event_timestamp >= ? and event_timestamp < ?
"""
ACTIVE = """
    select tutor_id
    from tutormax.tutors
    where onboarding_date < $now and (
        onboarding_date >= $since
        or tutor_id in (
            select tutor_id from tutormax.sessions
            where scheduled_start >= $since and scheduled_start < $now
            union all
            select tutor_id from tutormax.tutor_events
            where event_timestamp >= $since and event_timestamp < $now
        )
    )
"""

Row = dict[str, Any]


def loop(con: duckdb.DuckDBPyConnection, day: dt.date) -> list[Row]:
    """The rows of one calculation date; the connection must be in UTC."""
    now = dt.datetime.combine(day, dt.time(), dt.UTC)
    since = now - dt.timedelta(days=max(WINDOWS.values()))
    tutors = con.execute(ACTIVE, {"now": now, "since": since}).fetchall()
    return [
        _row(con, tutor, now, window, now - dt.timedelta(days=days))
        for (tutor,) in tutors
        for window, days in WINDOWS.items()
    ]


def _row(
    con: duckdb.DuckDBPyConnection, tutor: str, now: dt.datetime, window: str, since: dt.datetime
) -> Row:
    span = [tutor, since, now]
    sessions, completed, no_shows, reschedules, on_time, engagement, objectives = _one(
        con, SESSIONS, span
    )
    rating, first_sessions = _one(con, RATINGS, [*span, now])
    logins, minutes = _one(con, EVENTS, span)
    score = None
    if sessions:
        mood = 0.5 if engagement is None else engagement
        score = 0.4 * min(1, logins / sessions) + 0.4 * mood + 0.2 * on_time / sessions
    metrics: Row = {
        "avg_rating": rating,
        "first_session_success_rate": first_sessions,
        "reschedule_rate": reschedules,
        "no_show_rate": no_shows / sessions if sessions else None,
        "engagement_score": score,
        "learning_objectives_met_pct": objectives,
    }
    return metrics | {
        "tutor_id": tutor,
        "window": window,
        "sessions_completed": completed,
        "no_show_count": no_shows,
        "response_time_avg_minutes": minutes,
        "performance_tier": _tier(metrics) if sessions else None,
    }


def _one(con: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> tuple[Any, ...]:
    row = con.execute(sql, values).fetchone()
    assert row is not None
    return row


def _tier(metrics: Row) -> str:
    """Floats may fall on the wrong side of a threshold: nobody checks that here."""
    bounds = {
        "avg_rating": (4.5, 3.5),
        "first_session_success_rate": (0.85, 0.70),
        "reschedule_rate": (-0.10, -0.15),
        "no_show_rate": (0, -0.05),
        "engagement_score": (0.80, 0.60),
        "learning_objectives_met_pct": (90, 80),
    }
    green = red = 0
    for name, (good, bad) in bounds.items():
        if metrics[name] is None:
            continue
        value = metrics[name] if good > 0 else -metrics[name]
        green += value >= good
        red += value < bad
    if green >= 5 and red == 0:
        return "Exemplary"
    if red >= 3:
        return "At Risk"
    if red >= 1:
        return "Needs Attention"
    return "Strong" if green >= 3 else "Developing"
