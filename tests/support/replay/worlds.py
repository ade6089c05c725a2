"""Random raw data that arrives in slices, with all that sources do to a warehouse.

Corrections in and out of order, redeliveries, rows before their parents, sessions that move,
feedback that changes its session, emails taken, swapped and given up, values that break rules.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from support.factories import feedback, intervention, session, student, tutor

Row = dict[str, Any]
Slice = dict[str, list[Row]]

FIRST_DAY = datetime(2024, 2, 10, tzinfo=UTC)
EVENT_KINDS = (
    *("login", "login", "message_response", "message_response"),
    *("availability_change", "reschedule_request", "training_completed"),
)
METADATA = (
    None,
    "{}",
    "null",
    "[1, 2]",
    '"text"',
    '{"response_time_minutes": 12.5}',
    '{"response_time_minutes": 0}',
    '{"response_time_minutes": -3}',
    '{"response_time_minutes": "12"}',
    '{"response_time_minutes": null}',
    '{"response_time_minutes": 1e300}',
    '{"hours_per_week_change": -4}',
    '{"response_time_minutes": 7, "hours_per_week_change": 2.5}',
    '{"response_time_minutes": 7, "other": {"nested": [true]}}',
)
KEYS = {
    "tutors": "tutor_id",
    "students": "student_id",
    "sessions": "session_id",
    "student_feedback": "feedback_id",
    "tutor_events": "event_id",
    "interventions": "intervention_id",
}
SPOILED: dict[str, list[Row]] = {
    "tutors": [{"status": "gone"}, {"email": "nobody"}, {"onboarding_date": None}, {"name": " "}],
    "students": [{"age": 1}, {"name": None}],
    "sessions": [
        {"duration_minutes": -5},
        {"engagement_score": float("nan")},
        {"scheduled_start": datetime(1999, 12, 31, tzinfo=UTC)},
        {"no_show": True, "actual_start": FIRST_DAY},
        {"tutor_id": "nobody"},
        {"student_id": "nobody"},
    ],
    "student_feedback": [
        {"overall_rating": 6},
        {"overall_rating": None},
        {"session_id": "nothing"},
        {"tutor_id": "nobody"},
        {"submitted_at": datetime(2001, 1, 1, tzinfo=UTC)},
    ],
    "tutor_events": [{"event_type": None}, {"event_timestamp": None}, {"tutor_id": "nobody"}],
    "interventions": [{"status": "completed", "completed_date": None}, {"outcome": "splendid"}],
}


@dataclass
class Delivery:
    """A row of raw, and when it arrives: 0 is the beginning of all arrivals and 1 their end."""

    table: str
    row: Row
    at: float


def random_slices(seed: int) -> list[Slice]:
    """All rows that ever arrive, cut by arrival into two to eight slices, one a build."""
    return _Source(random.Random(seed), random.Random(f"paces of {seed}")).slices()


class _Source:
    def __init__(self, rng: random.Random, paces: random.Random) -> None:
        self.rng = rng
        self.paces = paces
        self.days = rng.choice([30, 45, 60, 100, 130])
        self.deliveries: list[Delivery] = []
        self.tutors = [f"t{n}" for n in range(rng.randint(3, 6))]
        self.students = [f"s{n}" for n in range(rng.randint(4, 8))]
        self.has_future = rng.random() < 0.25

    def slices(self) -> list[Slice]:
        self._people()
        self._sessions_and_feedback()
        self._events_and_interventions()
        self._unreadable()
        self._spoil_and_redeliver()
        return self._cut()

    def _send(self, table: str, row: Row, at: float) -> None:
        self.deliveries.append(Delivery(table, row, min(max(at, 0), 1)))

    def _chance(self, share: float) -> bool:
        return self.rng.random() < share

    def _instant(self, first: float = 0, last: float | None = None) -> datetime:
        """Some instant between two days, often close to midnight."""
        day = int(self.rng.uniform(first, self.days if last is None else last))
        within = self.rng.choice(
            [
                timedelta(0),
                timedelta(days=1) - timedelta(microseconds=1),
                timedelta(minutes=self.rng.randrange(24 * 60)),
                timedelta(seconds=self.rng.randrange(24 * 3600)),
            ]
        )
        return FIRST_DAY + timedelta(days=day) + within

    def _place(self, moment: datetime) -> float:
        """When a fact of this moment arrives if nothing holds it up."""
        return (moment - FIRST_DAY) / timedelta(days=self.days)

    def _updated(self, version: int) -> datetime | None:
        """The later version is mostly, but not always, the one updated later."""
        stamp = FIRST_DAY + timedelta(days=self.days + version)
        return self.rng.choice(
            [stamp, stamp, stamp, stamp - timedelta(days=2 * version), FIRST_DAY, None]
        )

    def _email(self, number: int) -> str:
        address = f"tutor{number}@example.com"
        return self.rng.choice([address, address, address.upper(), address.title()])

    def _onboarding(self) -> datetime:
        return self.rng.choice(
            [
                self._instant(),
                self._instant(0, self.days / 3),
                self._instant(-20, 0),
                self._instant(-200, -80),
            ]
        )

    def _people(self) -> None:
        rng = self.rng
        for number, tutor_id in enumerate(self.tutors):
            at = rng.choice([0, 0, rng.uniform(0, 0.3), rng.uniform(0.3, 1)])
            row = tutor(tutor_id, email=self._email(number), onboarding_date=self._onboarding())
            for version in range(rng.choice([1, 1, 2, 3, 4])):
                if version:
                    row = row | {"updated_at": self._updated(version), "name": f"Name {version}"}
                    if self._chance(0.4):
                        row["email"] = self._email(rng.randrange(len(self.tutors)))
                    if self._chance(0.4):
                        row["onboarding_date"] = self._onboarding()
                    at = rng.uniform(at, 1)
                if self.paces.random() < 0.5:
                    pace = self.paces.choice([None, 0.0, 1.5, 9.0])
                    row = row | {"baseline_sessions_per_week": pace}
                self._send("tutors", row, at)
        if self._chance(0.4):
            self._swap_emails()
        for student_id in self.students:
            at = rng.choice([0, 0, rng.uniform(0, 0.3), rng.uniform(0, 1)])
            row = student(student_id)
            self._send("students", row, at)
            if self._chance(0.3):
                newer = row | {"age": rng.randrange(5, 90), "updated_at": self._updated(1)}
                self._send("students", newer, rng.uniform(at, 1))

    def _swap_emails(self) -> None:
        one, other = self.rng.sample(range(len(self.tutors)), 2)
        at = self.rng.uniform(0.3, 1)
        for number, taken in ((one, other), (other, one)):
            self._send(
                "tutors",
                tutor(
                    self.tutors[number],
                    email=self._email(taken),
                    onboarding_date=self._onboarding(),
                    updated_at=self._updated(9),
                ),
                at + self.rng.choice([0, 0, 0.01]),
            )

    def _session(self, session_id: str, moment: datetime) -> Row:
        rng = self.rng
        no_show = self._chance(0.12)
        late = rng.choice([None, 0, 4, 10, 11, 45])
        start = rng.choice([timedelta(minutes=late or 0)] * 5 + [timedelta(days=-2)])
        return session(
            session_id,
            rng.choice(self.tutors),
            rng.choice(self.students),
            moment.replace(tzinfo=None).isoformat(),
            session_number=rng.choice([1, 1, 2, 3]),
            no_show=no_show,
            actual_start=None if no_show or self._chance(0.05) else moment + start,
            late_start_minutes=late,
            tutor_initiated_reschedule=rng.choice([True, False, False, None]),
            engagement_score=rng.choice([None, 0.0, 1.0, rng.randrange(1000) / 1000]),
            learning_objectives_met=rng.choice([True, True, False, None]),
        )

    def _moved(self, row: Row, version: int) -> Row:
        """A correction of a session: to another tutor, student or day, or of its values alone."""
        rng = self.rng
        row = row | {"updated_at": self._updated(version)}
        if self._chance(0.3):
            row["tutor_id"] = rng.choice(self.tutors)
        if self._chance(0.2):
            row["student_id"] = rng.choice(self.students)
        if self._chance(0.4):
            shift = timedelta(days=rng.choice([-100, -9, -1, 1, 5, 40]))
            row["scheduled_start"] = max(row["scheduled_start"] + shift, FIRST_DAY)
            row["actual_start"] = None if row["no_show"] else row["scheduled_start"]
        if self._chance(0.4):
            row["late_start_minutes"] = rng.choice([0, 30])
            row["engagement_score"] = rng.random()
        return row

    def _sessions_and_feedback(self) -> None:
        rng = self.rng
        versions: list[Row] = []
        for number in range(rng.randint(40, 120)):
            moment = self._instant()
            row = self._session(f"session{number}", moment)
            at = self._place(moment) + rng.choice([0, 0, 0, -0.2, rng.uniform(0, 0.5)])
            self._send("sessions", row, at)
            held = [row]
            for version in range(1, rng.choice([1, 1, 1, 2, 3])):
                held.append(self._moved(held[-1], version))
                self._send("sessions", held[-1], rng.uniform(min(max(at, 0), 1), 1))
            versions.append(rng.choice(held))
            if self._chance(0.75):
                self._feedback(f"feedback{number}", rng.choice(held), at)
            if self._chance(0.15):
                self._feedback(f"rival{number}", rng.choice(held), at)
        self._change_sessions(versions)
        if self.has_future:
            future = self._session("future", FIRST_DAY + timedelta(days=20000))
            self._send("sessions", future | {"actual_start": None}, rng.random())

    def _feedback(self, feedback_id: str, rated: Row, at: float) -> None:
        rng = self.rng
        delay = rng.choice([timedelta(0), timedelta(hours=2), timedelta(days=rng.randrange(30))])
        self._send(
            "student_feedback",
            feedback(
                feedback_id,
                rated,
                overall_rating=rng.randint(1, 5),
                submitted_at=rated["scheduled_start"] + delay,
            ),
            # Sometimes before its session.
            at + delay / timedelta(days=self.days) + rng.choice([0, 0, -0.1, rng.uniform(0, 0.3)]),
        )

    def _change_sessions(self, rated: list[Row]) -> None:
        """Feedback moves on to other sessions, link by link and round in circles."""
        rng = self.rng
        for _ in range(rng.randint(1, 5)):
            chain = rng.sample(range(len(rated)), rng.randint(2, 4))
            at = rng.random()
            for number, following in zip(chain, [*chain[1:], chain[0]], strict=True):
                row = feedback(
                    f"feedback{number}", rated[following], overall_rating=rng.randint(1, 5)
                )
                self._send("student_feedback", row, at + rng.choice([0, 0, rng.uniform(0, 0.5)]))

    def _events_and_interventions(self) -> None:
        rng = self.rng
        for number in range(rng.randint(30, 90)):
            moment = self._instant()
            row: Row = {
                "event_id": f"event{number}",
                "tutor_id": rng.choice(self.tutors),
                "event_type": rng.choice(EVENT_KINDS),
                "event_timestamp": moment,
                "metadata": rng.choice(METADATA),
                "created_at": moment,
            }
            at = self._place(moment) + rng.choice([0, 0, rng.uniform(0, 0.3)])
            self._send("tutor_events", row, at)
            if self._chance(0.1):
                newer = row | {"event_timestamp": self._instant(), "event_type": "login"}
                self._send("tutor_events", newer, rng.uniform(min(at, 1), 1))
        if self.has_future and self._chance(0.3):
            ahead = {"event_id": "future", "event_timestamp": FIRST_DAY + timedelta(days=20000)}
            self._send(
                "tutor_events",
                {"tutor_id": rng.choice(self.tutors), "event_type": "login"} | ahead,
                rng.random(),
            )
        for number in range(rng.randint(5, 15)):
            moment = self._instant()
            row = intervention(
                f"intervention{number}",
                rng.choice(self.tutors),
                moment.replace(tzinfo=None).isoformat(),
            )
            at = self._place(moment)
            self._send("interventions", row, at)
            if self._chance(0.4):
                newer = row | {
                    "tutor_id": rng.choice(self.tutors),
                    "outcome": "declined",
                    "updated_at": self._updated(1),
                }
                self._send("interventions", newer, rng.uniform(min(at, 1), 1))

    def _unreadable(self) -> None:
        for number in range(self.rng.randrange(4)):
            row = {
                "source_table": "sessions",
                "record": json.dumps({"session_id": f"session{number}", "age": "many"}),
                "error": "not a number",
            }
            self._send("unreadable_rows", row, self.rng.random())

    def _spoil_and_redeliver(self) -> None:
        rng = self.rng
        for delivery in list(self.deliveries):
            table, row = delivery.table, delivery.row
            if table not in SPOILED:
                continue
            later = rng.uniform(delivery.at, 1)
            if self._chance(0.08):
                self._send(table, dict(row), rng.choice([delivery.at, later]))
            if self._chance(0.06):
                changed = {"updated_at": self._updated(5)} if "updated_at" in row else {}
                self._send(table, row | changed | rng.choice(SPOILED[table]), later)
            if self._chance(0.02):
                self._send(table, row | {rng.choice(sorted(row)): None}, later)
            if self._chance(0.01):
                self._send(table, row | {KEYS[table]: rng.choice([None, ""])}, later)

    def _cut(self) -> list[Slice]:
        """Stamp the arrivals, coarsely enough for some to be equal, and cut them into slices."""
        rng = self.rng
        grain = rng.choice([20, 60, 1000])
        count = rng.choice([2] * 8 + [3] * 7 + [4] * 3 + [6, 8])
        # In some worlds, raw is appended out of the order of its stamps; a cut may part equal ones.
        strays = rng.choice([0, 0, 0, 0.01, 0.06])
        parts_equals = self._chance(0.2)
        bounds = sorted(rng.uniform(0.05, 0.95) for _ in range(count - 1))
        slices: list[Slice] = [{} for _ in range(count)]
        for delivery in sorted(self.deliveries, key=lambda held: held.at):
            stamp = round(delivery.at * grain)
            at = delivery.at if parts_equals else stamp / grain
            number = sum(at > bound for bound in bounds)
            if self._chance(strays):
                number = rng.randint(number, count - 1)
            arrived = FIRST_DAY + timedelta(days=self.days * stamp / grain)
            row = delivery.row | {"_loaded_at": arrived}
            slices[number].setdefault(delivery.table, []).append(row)
        for held in slices:
            for rows in held.values():
                rng.shuffle(rows)
        return slices
