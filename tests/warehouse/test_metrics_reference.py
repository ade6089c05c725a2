"""Random small data: every row of tutor_performance_metrics is what a slow reference says."""

from __future__ import annotations

import math
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.factories import event, feedback, session, student, tutor, utc
from support.references.metrics import Key, reference_metrics
from support.tables import Row, World, merged
from support.warehouses import DuckDbWarehouse

FIRST_DAY = utc("2025-03-01")
FLOATS = {
    "avg_rating",
    "first_session_success_rate",
    "reschedule_rate",
    "engagement_score",
    "learning_objectives_met_pct",
    "response_time_avg_minutes",
}
STUDENTS = ["student-1", "student-2"]

# Mostly within three weeks; now and then months later, so that tutors fall idle and come back.
days = st.one_of(st.integers(0, 20), st.integers(0, 20), st.sampled_from([60, 89, 90, 91, 130]))
times_of_day = st.one_of(
    st.sampled_from([0, 1, 86_399_999_999, 86_399_000_000, 43_200_000_000]),
    st.integers(0, 86_399_999_999),
).map(lambda microseconds: timedelta(microseconds=microseconds))
instants = st.builds(lambda day, time: FIRST_DAY + timedelta(days=day) + time, days, times_of_day)
delays = st.one_of(
    st.just(timedelta(0)),
    st.integers(0, 3600).map(lambda seconds: timedelta(seconds=seconds)),
    st.integers(0, 12).map(lambda days: timedelta(days=days, microseconds=-days)),
    st.just(timedelta(days=100)),
)
metadata = st.one_of(
    st.none(),
    st.just({}),
    st.just({"device": "web"}),
    st.fixed_dictionaries(
        {
            "response_time_minutes": st.one_of(
                st.integers(0, 3000),
                st.integers(0, 100_000).map(lambda n: n / 8),
                st.sampled_from([-1, -0.5, 0, 1e-6, 2.5e3, "12", None, True, [7], {"a": 1}]),
            )
        }
    ),
)


@st.composite
def sessions(draw: st.DrawFn, number: int, tutor_id: str) -> Row:
    moment = draw(instants)
    no_show = draw(st.sampled_from([False, False, False, True]))
    started = not no_show and draw(st.integers(0, 9)) > 0
    return session(
        f"session-{number}",
        tutor_id,
        draw(st.sampled_from(STUDENTS)),
        "2025-03-01",
        scheduled_start=moment,
        session_number=draw(st.sampled_from([1, 1, 2, 7])),
        no_show=no_show,
        actual_start=moment + draw(delays) if started else None,
        late_start_minutes=draw(st.sampled_from([None, 0, 9, 10, 11, 90])),
        tutor_initiated_reschedule=draw(st.sampled_from([None, False, False, True])),
        engagement_score=draw(
            st.one_of(st.none(), st.integers(0, 10**6).map(lambda n: n / 10**6), st.just(0.8))
        ),
        learning_objectives_met=draw(st.sampled_from([None, False, True, True])),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    tutor_ids = [f"tutor-{n}" for n in range(draw(st.integers(2, 6)))]
    onboarding = st.one_of(st.integers(-120, 21), st.sampled_from([-90, -1, 0, 95]))
    lessons = [
        draw(sessions(n, draw(st.sampled_from(tutor_ids)))) for n in range(draw(st.integers(0, 60)))
    ]
    rated = [row for row in lessons if draw(st.integers(0, 4)) > 0]
    return {
        "tutors": [
            tutor(
                tutor_id,
                onboarding_date=FIRST_DAY + timedelta(days=draw(onboarding)) + draw(times_of_day),
            )
            for tutor_id in tutor_ids
        ],
        "students": [student(student_id) for student_id in STUDENTS],
        "sessions": lessons,
        "student_feedback": [
            feedback(
                f"feedback-{row['session_id']}",
                row,
                overall_rating=draw(st.integers(1, 5)),
                submitted_at=row["scheduled_start"] + draw(delays),
            )
            for row in rated
        ],
        "tutor_events": [
            event(
                f"event-{n}",
                draw(st.sampled_from(tutor_ids)),
                "2025-03-01",
                event_timestamp=draw(instants),
                event_type=draw(
                    st.sampled_from(["login", "login", "message_response", "reschedule_request"])
                ),
                metadata=draw(metadata),
            )
            for n in range(draw(st.integers(0, 50)))
        ],
    }


def world_of_midnights() -> World:
    """Facts at the very instants where windows, days and lives begin and end."""
    lessons = [
        session("early", "onboarded-late", "student-1", "2025-03-01 00:00"),
        session("on-the-day", "onboarded-late", "student-1", "2025-03-03 00:00"),
        session("last", "idle", "student-1", "2025-03-02 00:00"),
        session("rated-late", "idle", "student-2", "2025-03-01 23:59:59.999999"),
        session("never-again", "gone", "student-2", "2025-03-02 23:59:59.999999"),
    ]
    minutes = [True, 0, -1, "5", None, [5], 4, 0.5]
    return {
        "tutors": [
            tutor("onboarded-late", onboarding_date=utc("2025-03-03")),
            tutor("idle", onboarding_date=utc("2024-06-01")),
            tutor("gone", onboarding_date=utc("2024-06-01")),
            tutor("busy", onboarding_date=utc("2025-02-28 23:59:59.999999")),
        ],
        "students": [student(student_id) for student_id in STUDENTS],
        "sessions": lessons,
        "student_feedback": [
            feedback("f-1", lessons[3], submitted_at=utc("2025-03-03"), overall_rating=5),
            feedback("f-2", lessons[2], submitted_at=utc("2025-06-30"), overall_rating=2),
        ],
        "tutor_events": [
            event(
                f"event-{n}",
                "busy",
                f"2025-03-0{1 + n} 12:00",
                event_type="message_response",
                metadata={"response_time_minutes": value},
            )
            for n, value in enumerate(minutes)
        ],
    }


def agree(found: Any, expected: Any, column: str) -> bool:
    if expected is None or found is None:
        return expected is None and found is None
    if column in FLOATS:
        return math.isclose(found, expected, rel_tol=1e-12, abs_tol=0)
    return bool(found == expected)


def compare(found: list[Row], expected: dict[Key, Row]) -> None:
    by_key = {
        (row["tutor_id"], row["calculation_date"].date(), row["window"]): row for row in found
    }
    assert len(by_key) == len(found)
    assert all(row["calculation_date"] == utc(str(day)) for (_, day, _), row in by_key.items())
    assert sorted(by_key) == sorted(expected)
    differences = {
        (*key, column): (by_key[key][column], str(value))
        for key, row in expected.items()
        for column, value in row.items()
        if not agree(by_key[key][column], value, column)
    }
    assert differences == {}


LAST_DATES = (None, date(2025, 3, 16), date(2025, 8, 1))
"""That of the facts, one in the middle of them, and one after them."""


def generated_worlds() -> list[World]:
    """None is simplified: what is compared is all of them."""
    made: list[World] = []

    @settings(
        max_examples=9,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(world=worlds())
    def keep(world: World) -> None:
        made.append(world)

    keep()
    return made


def apart(world: World, number: int) -> World:
    """The world with names of its own, to stand beside others."""
    return {
        table: [
            {
                name: f"{number}-{value}" if name == "email" or name.endswith("_id") else value
                for name, value in row.items()
            }
            for row in rows
        ]
        for table, rows in world.items()
    }


def test_every_row_is_what_the_reference_says(seeded: DuckDbWarehouse) -> None:
    """Worlds stand beside each other, three in a build, which has one last date for them."""
    made = [apart(world, number) for number, world in enumerate(generated_worlds())]
    assert sum(len(world["sessions"]) for world in made) > 100
    cases: list[tuple[World, date | None]] = [(world_of_midnights(), None)]
    cases += [(merged(*made[at::3]), last) for at, last in enumerate(LAST_DATES)]
    for world, as_of_date in cases:
        with seeded.copy() as warehouse:
            warehouse.insert(world)
            variables = {"as_of_date": as_of_date.isoformat()} if as_of_date else {}
            warehouse.fill("--select", "+tutor_performance_metrics", variables=variables)
            rows = warehouse.rows("tutor_performance_metrics")
        compare(rows, reference_metrics(world, as_of_date))


def test_the_reference_itself_on_a_case_worked_by_hand() -> None:
    lessons = [
        session("session-1", "tutor-1", "student-1", "2025-03-01 10:00", engagement_score=0.5),
        session(
            "session-2",
            "tutor-1",
            "student-1",
            "2025-03-02 10:00",
            session_number=2,
            engagement_score=None,
            late_start_minutes=11,
            tutor_initiated_reschedule=True,
        ),
    ]
    world: World = {
        "tutors": [tutor("tutor-1", onboarding_date=utc("2025-03-01"))],
        "sessions": lessons,
        "student_feedback": [
            feedback("feedback-1", lessons[0], submitted_at=utc("2025-03-03"), overall_rating=4)
        ],
        "tutor_events": [
            event("event-1", "tutor-1", "2025-03-02 08:00"),
            event(
                "event-2",
                "tutor-1",
                "2025-03-02 09:00",
                event_type="message_response",
                metadata={"response_time_minutes": 12.5},
            ),
        ],
    }
    rows = reference_metrics(world)
    assert {key[1:] for key in rows} == {
        (date(2025, 3, day), window) for day in (2, 3, 4) for window in ("7day", "30day", "90day")
    }
    assert rows["tutor-1", date(2025, 3, 3), "7day"] == {
        "sessions_completed": 2,
        # Submitted at midnight: the next day sees it.
        "avg_rating": None,
        "first_session_success_rate": None,
        "reschedule_rate": Fraction(1, 2),
        "no_show_count": 0,
        # 0.4 * 1/2 + 0.4 * 0.5 + 0.2 * 1/2
        "engagement_score": Fraction(1, 2),
        "learning_objectives_met_pct": 100,
        "response_time_avg_minutes": Fraction(25, 2),
        # Red: reschedules, engagement. Green: no-shows, objectives.
        "performance_tier": "Needs Attention",
    }
    assert rows["tutor-1", date(2025, 3, 4), "7day"]["avg_rating"] == 4
    assert rows["tutor-1", date(2025, 3, 4), "7day"]["first_session_success_rate"] == 1
