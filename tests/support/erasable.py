"""A world with people to erase: what mentions them, in every column, state and spelling."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import ARRAY, String
from sqlalchemy.dialects.postgresql import JSONB

from support.factories import (
    event,
    feedback,
    intervention,
    random_world,
    session,
    student,
    tutor,
    utc,
)
from support.tables import KEYS, Row, World, merged
from support.warehouses import DatabaseWarehouse
from tutormax.schema import SOURCE_TABLES

PUPIL = "pupil-of-tests"
TEACHER = "teacher-of-tests"
PEER = "peer-of-tests"
PUPIL_NAME = "Ada Q. Testperson"
TEACHER_NAME = "Zoë O'Testperson"
TEACHER_EMAIL = "zoe@testperson.example"
LATER = utc("2025-06-02 00:00")
MARKED = "marzipan-tutor"
TEXTS = (String, ARRAY, JSONB)
MARKER = "arzipan"
"""In the id, and in every name and email, of the tutor that every column and spelling mentions."""

LAST = "2025-05-09 10:00"
LATE = session("x-late", "tutor-1", PUPIL, LAST)
"""The last activity of all: the clock stands on it."""
EARLY = session("x-early", "tutor-2", PUPIL, "2025-02-25 10:00")
"""The first of all."""
SHARED = session("x-shared", "tutor-2", PEER, "2025-02-25 10:00")
"""Another's, of the same tutor and day, rated on the same day too."""
MOVED = session("x-moved", "tutor-1", PUPIL, "2025-03-20 10:00")
"""Of the pupil by an older version alone: it is another's."""
TAKEN = session("x-taken", "tutor-1", "student-1", "2025-03-21 10:00")
"""Another's by an older version alone: it is the pupil's."""
TAUGHT = session("x-taught", TEACHER, "student-2", "2025-03-22 10:00")


SPOKEN = session("lesson of Zoë Marzipan", "tutor-1", "student-1", "2025-03-18 10:00")
"""Another's session, with feedback, whose key names the marked tutor."""
OTHERS_WHEN = "2025-03-19 10:00"
SPELLINGS = (
    "Zoë Marzipan",
    "by ZOE\u0308\u00a0 MARZIPAN!",
    "Marzipan, Zoë",
    "marzipan zoë, again",
    "so\nZoë-Marzipan's",
    "Zo\u00adë\u2011Marzipan",
    "李\uff3aoë_Marzipan李",
    'Zed "Z\\" Marzipan',
    "<zoe@marzipan.example>",
    MARKED.upper(),
    json.dumps({"by": ["so\nZoë Marzipan"]}),
    "x" * 40 + " Zoë Marzipan",
)


def of_pupil(row: Row, number: int) -> list[Row]:
    return [row, feedback(f"f-{number}", row, submitted_at=row["scheduled_start"])]


def everywhere() -> World:
    """Rows of others with each spelling in each column that may hold a text."""
    rows: World = {}
    numbers = count()
    for table in SOURCE_TABLES:
        for column in table.columns:
            if column.name in ("name", "email") or not isinstance(column.type, TEXTS):
                continue
            if KEYS[table.name] == column.name and table.name in ("tutors", "students"):
                continue
            for number, spelling in zip(numbers, SPELLINGS, strict=False):
                value: Any = [spelling] if isinstance(column.type, ARRAY) else spelling
                value = {spelling: spelling} if isinstance(column.type, JSONB) else value
                rows.setdefault(table.name, []).append(
                    of_other(table.name, number, column.name, value)
                )
    return rows


def of_other(table: str, number: int, column: str, value: Any) -> Row:
    """A row of somebody else, whose other versions are superseded where that costs less."""
    version = {column: value, "updated_at": utc("2025-01-01 00:00") + timedelta(days=number)}
    if table == "tutors":
        return tutor("many-versions", **version)
    if table == "students":
        return student("many-versions", **version)
    key = f"every-{number}"
    if table == "sessions":
        return session(key, "tutor-1", "student-1", OTHERS_WHEN) | version
    del version["updated_at"]
    if table == "student_feedback":
        return feedback(key, SPOKEN | {"session_id": "of no session"}) | version
    make = event if table == "tutor_events" else intervention
    return make(key, "tutor-1", OTHERS_WHEN) | version


WORLD = merged(
    random_world(11, days=20),
    everywhere(),
    {
        "students": [
            student(PUPIL, name=PUPIL_NAME),
            student(PUPIL, name="Ada Former Testperson", updated_at=utc("2025-01-01 00:00")),
            student("namesake", name=PUPIL_NAME),
            student(PEER),
            student(" ", name=PUPIL_NAME),
        ],
        "tutors": [
            tutor(TEACHER, name=TEACHER_NAME, email=TEACHER_EMAIL.upper()),
            tutor("twin", email=TEACHER_EMAIL, _loaded_at=LATER),
            tutor(TEACHER, name=TEACHER_NAME, email="not an email", _loaded_at=LATER),
            tutor(MARKED, name="Zoë Marzipan", email="Zoe@Marzipan.example"),
            tutor(MARKED, name='Zed "Z\\" Marzipan', updated_at=utc("2025-01-01 00:00")),
            tutor(MARKED, name="Marzipan", updated_at=utc("2025-01-02 00:00")),
            tutor("other-location", location="Zoë Marzipan's house"),
            tutor("", name="ZOE\u0308  MARZIPAN", email="zoe@marzipan.EXAMPLE"),
        ],
        "sessions": [
            LATE,
            EARLY,
            SHARED,
            MOVED | {"updated_at": utc("2025-01-01 00:00")},
            MOVED | {"student_id": "student-2", "_loaded_at": LATER},
            TAKEN | {"updated_at": utc("2025-01-01 00:00")},
            TAKEN | {"student_id": PUPIL, "_loaded_at": LATER},
            session("x-refused", "tutor-1", PUPIL, "2025-03-23 10:00", session_number=0),
            TAUGHT,
            session("x-both", TEACHER, PUPIL, "2025-03-24 10:00"),
            # Else the market would be silent without the teacher, and have no predictions.
            session("x-beside", "tutor-3", "student-2", "2025-03-24 11:00"),
            SPOKEN,
            session("x-marked", MARKED, "student-1", OTHERS_WHEN),
            session("x-subject", "tutor-1", "student-1", OTHERS_WHEN, subject="zoë marzipan"),
            session("x-type", "tutor-1", "student-1", OTHERS_WHEN, session_type="ZOË MARZIPAN"),
        ],
        "student_feedback": [
            feedback("f-late", LATE, submitted_at=LATE["scheduled_start"] + timedelta(hours=1)),
            *(
                feedback(
                    f"f-{rated['session_id']}",
                    rated,
                    overall_rating=rating,
                    submitted_at=EARLY["scheduled_start"] + timedelta(days=12),
                )
                for rated, rating in ((EARLY, 1), (SHARED, 5))
            ),
            feedback("f-taken", TAKEN | {"student_id": PUPIL}),
            feedback("f-rival", EARLY | {"student_id": "student-3"}),
            feedback("f-taught", TAUGHT, free_text_feedback=f"{TEACHER_NAME}, {TEACHER_NAME}!"),
            feedback("f-moved", MOVED | {"student_id": "student-2"}, improvement_areas=[PUPIL]),
            feedback(
                "f-spoken",
                SPOKEN,
                improvement_areas=["patience", "Zoë_Marzipan"],
                free_text_feedback="Write to <zoe@marzipan.example>.",
            ),
        ],
        "tutor_events": [
            event("e-taught", TEACHER, "2025-03-22 09:00"),
            event("e-other", "tutor-1", "2025-03-22 09:00", metadata={"with": PUPIL, "n": 7}),
            event("e-peer", "tutor-1", "2025-03-22 09:00", metadata={"by": TEACHER_EMAIL}),
            event("e-marked", MARKED, "2025-03-22 09:00"),
            event("e-type", "tutor-1", "2025-03-22 09:00", event_type="zoë-marzipan"),
            event(
                "e-json",
                "tutor-1",
                "2025-03-22 09:00",
                metadata={
                    "after a line": "so\nZoë Marzipan",
                    "quoted": ['by Zed "Z\\" Marzipan.', "李Zoë Marzipan李"],
                    "text": json.dumps({"inner": "so\nZoë Marzipan"}),
                    "zoe@marzipan.example": 1,
                    "tutor_id": MARKED,
                },
            ),
        ],
        "interventions": [
            intervention("i-taught", TEACHER, "2025-03-22 09:00"),
            intervention(
                "i-other",
                "tutor-1",
                "2025-03-22 09:00",
                notes=f"Parents of {PUPIL_NAME} called.",
                trigger_reason=f"{PUPIL}-2 is somebody else.",
                assigned_to=TEACHER,
                status="unheard of",
            ),
            intervention("i-outcome", "tutor-1", OTHERS_WHEN, outcome="Zoë Marzipan"),
            intervention("i-type", "tutor-1", OTHERS_WHEN, intervention_type="zoë\u00a0marzipan"),
            intervention(
                "i-texts",
                "tutor-1",
                OTHERS_WHEN,
                assigned_to="MARZIPAN",
                trigger_reason="Ask Zoe\u0308\n Marzipan, Zoë Marzipan-Unread or ZOË  MARZIPAN",
                notes=f"{MARKED.upper()}, Zoë Marzipan's room",
            ),
        ],
    },
)


def unreadable(source: str, record: Row) -> str:
    text = json.dumps(record).replace("'", "''")
    return f"('{source}', '{text}', 'why', timestamp '2025-06-01 00:00:00')"


def prepare(warehouse: DatabaseWarehouse) -> None:
    rows = [
        unreadable("students", {"student_id": PUPIL, "age": "ten"}),
        unreadable("sessions", {"session_id": "x-u", "student_id": PUPIL, "no_show": "?"}),
        unreadable("tutors", {"tutor_id": TEACHER, "onboarding_date": "?"}),
        unreadable("tutors", {"tutor_id": "other", "onboarding_date": "?"}),
        unreadable("tutors", {"tutor_id": MARKED, "name": "Zoë Marzipan-Unread", "age": "?"}),
        *(unreadable("interventions", {"intervention_id": one, "notes": one}) for one in SPELLINGS),
    ]
    warehouse.execute(f"insert into raw.unreadable_rows values {', '.join(rows)} returning 1")
