"""Rows of raw that break no rule, made from a key and what is special about them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from support.tables import DEFAULT_ARRIVAL, Row, World, merged


def utc(text: str) -> datetime:
    """An instant from ISO 8601 text without a zone: UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def tutor(tutor_id: str, **special: Any) -> Row:
    return {
        "tutor_id": tutor_id,
        "name": f"Tutor {tutor_id}",
        "email": f"{tutor_id}@example.com",
        "onboarding_date": utc("2025-02-20 09:30"),
        "status": "active",
        "subjects": ["Algebra", "Physics"],
        "education_level": "Master",
        "location": "Lisbon",
        "baseline_sessions_per_week": 12.5,
        "behavioral_archetype": "steady",
        "created_at": utc("2025-02-20 09:30"),
        "updated_at": utc("2025-02-21 10:00"),
        "_loaded_at": DEFAULT_ARRIVAL,
    } | special


def student(student_id: str, **special: Any) -> Row:
    return {
        "student_id": student_id,
        "name": f"Student {student_id}",
        "age": 14,
        "grade_level": "9th",
        "subjects_interested": ["Algebra"],
        "created_at": utc("2025-02-20 11:00"),
        "updated_at": utc("2025-02-21 11:00"),
        "_loaded_at": DEFAULT_ARRIVAL,
    } | special


def session(session_id: str, tutor_id: str, student_id: str, start: str, **special: Any) -> Row:
    scheduled_start = utc(start)
    return {
        "session_id": session_id,
        "tutor_id": tutor_id,
        "student_id": student_id,
        "session_number": 1,
        "scheduled_start": scheduled_start,
        "actual_start": scheduled_start + timedelta(minutes=2),
        "duration_minutes": 60,
        "subject": "Algebra",
        "session_type": "1-on-1",
        "tutor_initiated_reschedule": False,
        "no_show": False,
        "late_start_minutes": 2,
        "engagement_score": 0.75,
        "learning_objectives_met": True,
        "technical_issues": False,
        "created_at": utc("2025-02-22 12:00"),
        "updated_at": utc("2025-02-22 12:00"),
        "_loaded_at": DEFAULT_ARRIVAL,
    } | special


def feedback(feedback_id: str, rated: Row, **special: Any) -> Row:
    submitted_at = rated["scheduled_start"] + timedelta(hours=3)
    return {
        "feedback_id": feedback_id,
        "session_id": rated["session_id"],
        "student_id": rated["student_id"],
        "tutor_id": rated["tutor_id"],
        "overall_rating": 4,
        "is_first_session": True,
        "subject_knowledge_rating": 5,
        "communication_rating": 4,
        "patience_rating": 3,
        "engagement_rating": 2,
        "helpfulness_rating": 1,
        "would_recommend": True,
        "improvement_areas": ["pacing"],
        "free_text_feedback": "Clear and kind.",
        "submitted_at": submitted_at,
        "created_at": submitted_at,
        "_loaded_at": DEFAULT_ARRIVAL,
    } | special


def event(event_id: str, tutor_id: str, at: str, **special: Any) -> Row:
    return {
        "event_id": event_id,
        "tutor_id": tutor_id,
        "event_type": "login",
        "event_timestamp": utc(at),
        "metadata": {"device": "web"},
        "created_at": utc(at),
        "_loaded_at": DEFAULT_ARRIVAL,
    } | special


def intervention(intervention_id: str, tutor_id: str, at: str, **special: Any) -> Row:
    recommended_date = utc(at)
    return {
        "intervention_id": intervention_id,
        "tutor_id": tutor_id,
        "intervention_type": "manager_coaching",
        "trigger_reason": "Fewer sessions than usual.",
        "recommended_date": recommended_date,
        "assigned_to": "coach-1",
        "status": "completed",
        "due_date": recommended_date + timedelta(days=7),
        "completed_date": recommended_date + timedelta(days=3),
        "outcome": "improved",
        "notes": "Talked on the phone.",
        "created_at": recommended_date,
        "updated_at": recommended_date,
        "_loaded_at": DEFAULT_ARRIVAL,
    } | special


def small_world() -> World:
    """A handful of rows in every table; all are accepted. The session `session-4` is unrated."""
    sessions = [
        session("session-1", "tutor-1", "student-1", "2025-03-01 10:00"),
        session("session-2", "tutor-1", "student-2", "2025-03-02 23:59:59.999999"),
        session("session-3", "tutor-2", "student-1", "2025-03-03 00:00"),
        session("session-4", "tutor-2", "student-3", "2025-03-04 15:00", session_number=2),
        session(
            "session-5",
            "tutor-1",
            "student-1",
            "2025-03-05 10:00",
            no_show=True,
            actual_start=None,
            late_start_minutes=None,
            engagement_score=None,
            learning_objectives_met=None,
        ),
    ]
    return {
        "tutors": [tutor("tutor-1"), tutor("tutor-2"), tutor("tutor-3")],
        "students": [student("student-1"), student("student-2"), student("student-3")],
        "sessions": sessions,
        "student_feedback": [
            feedback("feedback-1", sessions[0]),
            feedback("feedback-2", sessions[1], overall_rating=2),
            feedback("feedback-3", sessions[2], overall_rating=5),
        ],
        "tutor_events": [
            event("event-1", "tutor-1", "2025-03-01 08:00"),
            event("event-2", "tutor-2", "2025-03-03 08:00", metadata=None),
            event(
                "event-3",
                "tutor-1",
                "2025-03-06 08:00",
                event_type="message_response",
                metadata={"response_time_minutes": 12.5},
            ),
        ],
        "interventions": [intervention("intervention-1", "tutor-1", "2025-03-04 12:00")],
    }


def random_world(seed: int, *, days: int = 40, first_day: str = "2025-03-01") -> World:
    """Some weeks of five tutors, many of whose facts lie close to midnight UTC; all accepted."""
    rng = random.Random(seed)
    start = utc(first_day)

    def instant(day: float) -> datetime:
        midnight = start + timedelta(days=int(day))
        return midnight + rng.choice(
            [
                timedelta(0),
                timedelta(microseconds=1),
                timedelta(days=1) - timedelta(microseconds=1),
                timedelta(minutes=rng.randrange(24 * 60)),
                timedelta(seconds=rng.randrange(24 * 3600), microseconds=rng.randrange(10**6)),
            ]
        )

    def text(moment: datetime) -> str:
        return moment.replace(tzinfo=None).isoformat()

    tutors = [
        tutor(f"tutor-{n}", onboarding_date=instant(rng.choice([-60, -1, 0, days // 3])))
        for n in range(5)
    ]
    students = [student(f"student-{n}", age=rng.randrange(6, 60)) for n in range(6)]
    sessions: list[Row] = []
    ratings: list[Row] = []
    for n in range(days * 4):
        no_show = rng.random() < 0.1
        moment = instant(n / 4)
        late = rng.choice([None, 0, 3, 10, 11, 40])
        row = session(
            f"session-{n}",
            rng.choice(tutors)["tutor_id"],
            rng.choice(students)["student_id"],
            text(moment),
            session_number=rng.choice([1, 1, 2, 3]),
            no_show=no_show,
            actual_start=None if no_show else moment + timedelta(minutes=late or 0),
            late_start_minutes=late,
            tutor_initiated_reschedule=rng.choice([True, False, False, None]),
            engagement_score=rng.choice([None, 0.0, 1.0, rng.randrange(1000) / 1000]),
            learning_objectives_met=rng.choice([True, True, False, None]),
        )
        sessions.append(row)
        if rng.random() < 0.8:
            delay = rng.choice([timedelta(0), timedelta(hours=1), timedelta(days=rng.randrange(9))])
            ratings.append(
                feedback(
                    f"feedback-{n}",
                    row,
                    overall_rating=rng.randrange(1, 6),
                    submitted_at=moment + delay,
                )
            )
    events = [
        event(
            f"event-{n}",
            rng.choice(tutors)["tutor_id"],
            text(instant(n / 5)),
            event_type=rng.choice(["login", "login", "message_response", "availability_change"]),
            metadata=rng.choice([None, {}, {"response_time_minutes": rng.randrange(400) / 4}]),
        )
        for n in range(days * 5)
    ]
    interventions = [
        intervention(
            f"intervention-{n}", rng.choice(tutors)["tutor_id"], text(instant(rng.randrange(days)))
        )
        for n in range(12)
    ]
    return {
        "tutors": tutors,
        "students": students,
        "sessions": sessions,
        "student_feedback": ratings,
        "tutor_events": events,
        "interventions": interventions,
    }


WORLD_WITH_REFUSALS: World = merged(
    random_world(5, days=20),
    {
        "tutors": [tutor("refused", status="unknown")],
        "sessions": [
            session("refused", "refused", "student-1", "2025-03-05 10:00"),
            session("unrated", "tutor-1", "student-1", "2025-03-05 10:00"),
        ],
        "tutor_events": [event("spare", "tutor-1", "2025-03-05 10:00")],
        "interventions": [
            intervention("praise", "tutor-1", "2025-03-05 10:00", intervention_type="recognition")
        ],
    },
)
"""Some weeks of five tutors, and two rows that are refused: no published table has one row."""
