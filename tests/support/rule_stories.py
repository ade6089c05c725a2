"""Rows whose acceptance depends on others: parents, corrections, shared emails, rated sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from support.factories import event, feedback, intervention, session, student, tutor, utc
from support.tables import DEFAULT_ARRIVAL, Row, World

LATER = DEFAULT_ARRIVAL + timedelta(days=1)


@dataclass(frozen=True)
class Story:
    """What raw holds at the first build, what has come by the second, and what follows.

    `published` says, for a table and key, what the published row holds or None if there is none;
    `rejected` counts, for a table and key, the reasons of its rejected rows.
    """

    name: str
    first: World
    then: World
    published_first: dict[tuple[str, str], Row | None]
    published_then: dict[tuple[str, str], Row | None]
    rejected_first: dict[tuple[str, str], list[str]]
    rejected_then: dict[tuple[str, str], list[str]]


def late_parents() -> Story:
    lesson = session("early-x", "early-t", "early-s", "2025-03-02 10:00")
    facts = ("sessions", "early-x"), ("student_feedback", "early-f"), ("tutor_events", "early-e")
    return Story(
        "facts come before their tutor",
        {
            "students": [student("early-s")],
            "sessions": [lesson],
            "student_feedback": [feedback("early-f", lesson)],
            "tutor_events": [event("early-e", "early-t", "2025-03-02 08:00")],
        },
        {"tutors": [tutor("early-t", _loaded_at=LATER)]},
        dict.fromkeys(facts),
        {fact: {"tutor_id": "early-t"} for fact in facts},
        {
            facts[0]: ["tutor_not_accepted"],
            facts[1]: ["session_not_accepted"],
            facts[2]: ["tutor_not_accepted"],
        },
        {},
    )


def rejected_parent() -> Story:
    lesson = session("held-x", "held-t", "held-s", "2025-03-02 10:00")
    facts = [
        ("tutors", "held-t"),
        ("sessions", "held-x"),
        ("student_feedback", "held-f"),
        ("interventions", "held-i"),
    ]
    return Story(
        "a rejected tutor holds its facts back until it is corrected",
        {
            "tutors": [tutor("held-t", status="on leave")],
            "students": [student("held-s")],
            "sessions": [lesson],
            "student_feedback": [feedback("held-f", lesson)],
            "interventions": [intervention("held-i", "held-t", "2025-03-02 10:00")],
        },
        {"tutors": [tutor("held-t", updated_at=utc("2025-02-22"), _loaded_at=LATER)]},
        dict.fromkeys(facts),
        {fact: {"tutor_id": "held-t"} for fact in facts},
        {
            facts[0]: ["status_not_in_enum"],
            facts[1]: ["tutor_not_accepted"],
            facts[2]: ["session_not_accepted"],
            facts[3]: ["tutor_not_accepted"],
        },
        {facts[0]: ["status_not_in_enum"]},
    )


def corrections() -> list[Story]:
    def story(name: str, change: Row, published: str, rejected: str, **first: Any) -> Story:
        key = f"s-{len(name)}-{name[:20]}"
        place = ("students", key)
        return Story(
            name,
            {"students": [student(key, name="First", **first)]},
            {"students": [student(key, name="Second") | {"_loaded_at": LATER} | change]},
            {place: {"name": "First"}},
            {place: {"name": published}},
            {},
            {place: [rejected]},
        )

    newer, older = utc("2025-03-01"), utc("2025-01-01")
    return [
        story("a correction replaces the row", {"updated_at": newer}, "Second", "superseded"),
        story("an older version that comes late", {"updated_at": older}, "First", "superseded"),
        story("of equal versions the last to arrive", {}, "Second", "superseded"),
        story("any date is later than none", {}, "Second", "superseded", updated_at=None),
        story("no date is the oldest", {"updated_at": None}, "First", "superseded"),
        story(
            "a bad correction costs nothing",
            {"updated_at": newer, "age": 500},
            "First",
            "age_out_of_range",
        ),
    ]


def emails() -> list[Story]:
    def place(tutor_id: str) -> tuple[str, str]:
        return ("tutors", tutor_id)

    newer = {"updated_at": utc("2025-03-01"), "_loaded_at": LATER}
    later = DEFAULT_ARRIVAL + timedelta(hours=1)
    return [
        Story(
            "an email becomes free when its holder takes another",
            {
                "tutors": [
                    tutor("mail-1", email="shared@one.org"),
                    tutor("mail-2", email="Shared@One.org", _loaded_at=later),
                ]
            },
            {"tutors": [tutor("mail-1", email="own@one.org", **newer)]},
            {place("mail-1"): {"email": "shared@one.org"}, place("mail-2"): None},
            {
                place("mail-1"): {"email": "own@one.org"},
                place("mail-2"): {"email": "Shared@One.org"},
            },
            {place("mail-2"): ["email_taken"]},
            {place("mail-1"): ["superseded"]},
        ),
        Story(
            "a correction to a taken email leaves the row as it was",
            {"tutors": [tutor("mail-3", email="three@x.org"), tutor("mail-4", email="four@x.org")]},
            {"tutors": [tutor("mail-4", email="THREE@x.org", name="Renamed", **newer)]},
            {place("mail-4"): {"email": "four@x.org"}},
            {
                place("mail-3"): {"email": "three@x.org"},
                place("mail-4"): {"email": "four@x.org", "name": "Tutor mail-4"},
            },
            {},
            {place("mail-4"): ["email_taken"]},
        ),
        Story(
            "who came first keeps the email, even if corrected since",
            {"tutors": [tutor("mail-6", email="five@x.org")]},
            {
                "tutors": [
                    tutor("mail-5", email="five@x.org", _loaded_at=LATER),
                    tutor("mail-6", email="five@x.org", name="Renamed")
                    | newer
                    | {"_loaded_at": LATER + timedelta(hours=1)},
                ]
            },
            {place("mail-6"): {"name": "Tutor mail-6"}},
            {place("mail-5"): None, place("mail-6"): {"name": "Renamed"}},
            {},
            {place("mail-5"): ["email_taken"], place("mail-6"): ["superseded"]},
        ),
    ]


def ratings() -> Story:
    lessons = [
        session(f"moved-x{n}", "moved-t", "moved-s", f"2025-03-0{n} 10:00") for n in (1, 2, 3)
    ]
    moved, second = ("student_feedback", "moved-f"), ("student_feedback", "moved-g")
    hour = DEFAULT_ARRIVAL + timedelta(hours=1)
    return Story(
        "feedback moves to another session and frees its own",
        {
            "tutors": [tutor("moved-t")],
            "students": [student("moved-s")],
            "sessions": lessons,
            "student_feedback": [
                feedback("moved-f", lessons[0]),
                # Submitted earlier, arrived later.
                feedback(
                    "moved-g", lessons[0], submitted_at=utc("2025-03-01 10:00"), _loaded_at=hour
                ),
            ],
        },
        {"student_feedback": [feedback("moved-f", lessons[1], _loaded_at=LATER)]},
        {moved: {"session_id": "moved-x1"}, second: None},
        {moved: {"session_id": "moved-x2"}, second: {"session_id": "moved-x1"}},
        {second: ["session_already_rated"]},
        {moved: ["superseded"]},
    )


def redelivery() -> Story:
    copies = [event("twice-e", "twice-t", "2025-03-02 08:00")] * 2
    place = ("tutor_events", "twice-e")
    return Story(
        "the same row comes three times",
        {"tutors": [tutor("twice-t")], "tutor_events": copies},
        {"tutor_events": [copies[0] | {"_loaded_at": LATER, "event_type": "logout"}]},
        {place: {"event_type": "login"}},
        {place: {"event_type": "logout"}},
        {place: ["superseded"]},
        {place: ["superseded", "superseded"]},
    )


STORIES = [late_parents(), rejected_parent(), *corrections(), *emails(), ratings(), redelivery()]
