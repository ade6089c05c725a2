"""Markets for tests of churn: one of tutors who pause, and one of another kind."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

from support.factories import event, feedback, session, student, tutor
from support.tables import World

FIRST = date(2025, 1, 1)


def sporadic_world(seed: int = 5, *, first: date = FIRST, days: int = 180, gap: int = 25) -> World:
    """Tutors who are silent for up to `gap` days now and then; some leave, one never begins."""
    rng = random.Random(seed)
    world: World = {
        "tutors": [],
        "students": [student("student-1")],
        "sessions": [],
        "student_feedback": [],
        "tutor_events": [],
    }
    for number in range(8):
        name = f"tutor-{number}"
        joined = first + timedelta(days=rng.choice([-30, -1, 0, 40]))
        world["tutors"].append(
            tutor(name, onboarding_date=datetime(joined.year, joined.month, joined.day, tzinfo=UTC))
        )
        at = (joined - first).days + 1
        leaves = days if number % 2 else rng.randrange(60, days)
        while at < leaves and number != 7:
            day = first + timedelta(days=at)
            if at >= 0:
                key = f"{name}-{at}"
                missed = rng.random() < 0.15
                held = session(
                    key,
                    name,
                    "student-1",
                    f"{day} {rng.choice(['00:00', '12:00', '23:59:59.999999'])}",
                    session_number=rng.choice([1, 2]),
                    no_show=missed,
                    tutor_initiated_reschedule=rng.random() < 0.2,
                    **({"actual_start": None, "late_start_minutes": None} if missed else {}),
                )
                world["sessions"].append(held)
                if rng.random() < 0.5:
                    world["student_feedback"].append(
                        feedback(
                            key,
                            held,
                            overall_rating=rng.randint(1, 5),
                            submitted_at=held["scheduled_start"]
                            + timedelta(hours=rng.choice([1, 40, 90])),
                        )
                    )
                world["tutor_events"].append(event(key, name, f"{day} 08:00"))
            at += rng.choice([1, 1, 1, 2, 3, 5, 13, 14, 15, gap])
    return world


def weekly_world(tutors: int = 60) -> World:
    """A market of another kind: one session a week each, in the last week of a third of them."""
    first = datetime(2025, 1, 6, 12, tzinfo=UTC)
    return {
        "tutors": [
            tutor(f"tutor-{n}", onboarding_date=first - timedelta(days=100)) for n in range(tutors)
        ],
        "students": [student("student-1")],
        "sessions": [
            session(
                f"session-{n}-{week}",
                f"tutor-{n}",
                "student-1",
                (first + timedelta(days=7 * week + n % 7)).replace(tzinfo=None).isoformat(),
            )
            for n in range(tutors)
            for week in range(13)
            if week < 12 or n % 3 == 0
        ],
    }
