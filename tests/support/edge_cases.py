"""Rows that are easy to lose or to change on their way into raw, and on to what is published."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from support.factories import event, feedback, intervention, session, student, tutor, utc
from support.tables import DEFAULT_ARRIVAL, World

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
STUDENTS: list[dict[str, Any]] = [
    {
        "student_id": "s1",
        "name": "of\ttwo\nlines\r\n\\.\n\\N and 'quotes\" é \u2603 \\t",
        "age": 12,
        "grade_level": "",
        "subjects_interested": ["a", "b c", None, "NULL", "", 'x"y\\z', "t\tn\n{,}"],
        "created_at": "2026-01-31 12:00:00.000001",
        "_loaded_at": "2026-01-31T12:00:00Z",
    },
    {
        "student_id": "s2",
        "name": "\\.",
        "subjects_interested": [],
        "_loaded_at": "2026-01-31 12:00",
    },
    {"student_id": "s3", "name": "\\N", "age": 2**31, "_loaded_at": "2026-01-31 12:00"},
    {"student_id": "s4", "name": "nul \0 here", "_loaded_at": "2026-01-31 12:00"},
]
EVENTS: list[dict[str, Any]] = [
    {"event_id": f"e{number}", "tutor_id": "t", "event_type": "x", "metadata": held}
    | {"event_timestamp": "2026-01-31", "_loaded_at": "2026-01-31 12:00"}
    for number, held in enumerate(
        [
            {"a": 'q"\\\n\t', "b": [1, None]},
            None,
            [1],
            "null",
            {"a": float("nan")},
            {"a": "\0"},
            '{"a":1e999}',
            '{"a":1e-999}',
            '{"a":1e99999}',
            "[" * 499 + "]" * 499,
            "[" * 5000 + "]" * 5000,
            "[1," * 499 + "1" + "]" * 499,
            '{"a":1,"b":' * 1500 + "1" + "}" * 1500,
            json.dumps({"a": "é" * 100_000}),
            "nonsense",
        ]
    )
]
SESSIONS: list[dict[str, Any]] = [
    {
        **{"session_id": f"x{number}", "tutor_id": "t", "student_id": "s", "session_number": 1},
        **{"scheduled_start": start, "duration_minutes": 60, "subject": "Math"},
        **{"session_type": "group", "no_show": False, "engagement_score": score},
        "_loaded_at": "2026-01-31 12:00",
    }
    for number, (start, score) in enumerate(
        [
            ("0001-01-01", 0.1),
            ("9999-12-31 23:59:59.999999", float("nan")),
            ("2026-01-31T12:00:00+02:00", float("inf")),
            ("2026-01-31", 1e-320),
            ("infinity", 1.7976931348623157e308),
        ]
    )
]


def write_edge_cases(files: Path) -> None:
    """Write them as files to load; some of them cannot be read."""
    (files / "students.json").write_text(json.dumps(STUDENTS))
    (files / "tutor_events.jsonl").write_text("\n".join(map(json.dumps, EVENTS)))
    (files / "sessions.json").write_text(json.dumps(SESSIONS))


ODD_TEXTS = [
    "",
    " ",
    "\u00a0",
    "a'b\"c\\d",
    "tab\tline\n",
    "\u2603 \U0001f600 é e\u0301",
    "%s {x} $1",
]
ODD_NUMBERS = [
    *(0.0, -0.0, 1.0, 0.1 + 0.2, 1 / 3, 5e-324, 1e-320, 1 - 2**-53, 1 + 2**-52, -1e-300),
    *(float("nan"), float("inf"), float("-inf"), 1.7976931348623157e308),
]
ODD_DOCUMENTS: list[Any] = [
    *({}, {"b": 1, "a": [None, True, {"c": "é'\""}]}, {"response_time_minutes": None}),
    *(
        {"response_time_minutes": value}
        for value in (0, -1, 0.1, 1e15, 1e-9, "7", True, [1], 12345)
    ),
    *({"response_time_minutes": 0.1 * n} for n in range(9)),
    {"a key with spaces and 'quotes'": {"": ""}},
]
TIED_DOCUMENTS = [
    ('{"b": 1, "aa": 2}', '{"aa": 1, "b": 9}'),
    ('{"a": 10}', '{"a": 9}'),
    ('{"a": 1e2}', '{"a": 99}'),
    ('{"a": 0.5}', '{"a": 5e-1, "b": null}'),
    ('{"A": 1}', '{"a": 1}'),
    ('{"a": "B"}', '{"a": "a"}'),
    ('{"a": {"c": [1, 2], "b": true}}', '{"a": {"b": true, "c": [1, 10]}}'),
    ('{"a": {}}', '{"a": []}'),
    ('{"a": "1"}', '{"a": 1}'),
    ('{"a": null}', "{}"),
    ('{"a b": 1, "é": 2}', '{"é": 1, "a b": 1}'),
    ('{"a": 1e30}', '{"a": 100000000000000000000000000000000}'),
    ('{"a": -0.25, "zz": 1}', '{"zz": 2, "a": -0.250}'),
]
"""Metadata of two versions that differ in nothing else."""


LONG = random.Random(1).randbytes(20_000).hex()
"""A key that no index of PostgreSQL takes whole, compressed or not."""


def awkward_world() -> World:
    """Values at the edges of their types, keys that come twice, rows without parents."""
    first = session("first", "odd-0", "odd-0", "2025-03-03")
    later = DEFAULT_ARRIVAL + timedelta(hours=1)
    sessions = [
        first,
        first | {"updated_at": None, "_loaded_at": later},
        first | {"duration_minutes": 61},
        dict(first),
        *(
            session(f"number-{n}", "odd-0", "odd-0", "2025-03-04 10:00", engagement_score=number)
            for n, number in enumerate(ODD_NUMBERS)
        ),
        *(
            session(f"subject-{n}", "odd-1", "odd-0", "2025-03-04 10:00", subject=words)
            for n, words in enumerate(ODD_TEXTS)
        ),
        *(
            session(f"start-{n}", "odd-1", "odd-0", start, actual_start=None, created_at=None)
            for n, start in enumerate(
                [
                    *("1999-12-31 23:59:59.999999", "2000-01-01", "2025-03-05 23:59:59.999999"),
                    *("2025-03-06 00:00:00", "2025-03-06 00:00:00.000001", "9998-12-31"),
                ]
            )
        ),
        session("orphan", "nobody", "odd-0", "2025-03-04"),
        session("of-long", LONG, "odd-0", "2025-03-04"),
        session("with-long", "odd-0", LONG, "2025-03-04"),
        session(LONG, "odd-0", "odd-0", "2025-03-04"),
        session(LONG, LONG, LONG, "2025-03-04"),
        session("absent", "odd-0", "odd-0", "2025-03-04", no_show=True, actual_start=None)
        | {"duration_minutes": None},
        {"session_id": None},
        {"session_id": None},
        {},
    ]
    return {
        "tutors": [
            tutor("odd-0", subjects=ODD_TEXTS, email="A'b@Example.com"),
            tutor("odd-1", subjects=[], email="a'B@example.COM", name="İ ẞ ǅ"),
            tutor("odd-2", subjects=None, baseline_sessions_per_week=0.1 + 0.2),
            tutor("odd-3", subjects=[None, "x", ""], baseline_sessions_per_week=float("nan")),
            tutor("odd-1", email="odd-1@example.com", _loaded_at=later, updated_at=None),
            tutor("of-white-space", name="\u00a0\t\u2003"),
            tutor("\u3000\u2028"),
            tutor("between-white-space", email=" @\u00a0"),
            # Invisible, but no white space.
            tutor("invisible", name="\u200b\u180e\ufeff\u2060\x1c", email="\u200b@\ufeff"),
            # Which of two comes first, and the case of letters, differ between collations.
            tutor("tie-a", email="I@example.com"),
            tutor("tie-B", email="i@example.com"),
            tutor("tie-c", email="É@example.com"),
            tutor("tie-D", email="é@example.com"),
            tutor("tie-e", email="\u212a@example.com"),
            tutor("tie-F", email="k@example.com"),
            tutor("version", name="alpha", subjects=["a"]),
            tutor("version", name="Beta", subjects=["B"]),
            tutor(LONG),
            tutor("long-email", email=f"{LONG}@example.com"),
            {},
        ],
        "students": [
            student("odd-0", name=ODD_TEXTS[3]),
            student("odd-0", name=ODD_TEXTS[5]),
            student(LONG),
            {},
        ],
        "sessions": sessions,
        "student_feedback": [
            feedback(f"text-{n}", row, free_text_feedback=words, improvement_areas=ODD_TEXTS[:n])
            for n, (row, words) in enumerate(zip(sessions[4:], ODD_TEXTS, strict=False))
        ]
        + [
            feedback("again", sessions[4], _loaded_at=later),
            feedback("rates-long", sessions[4]) | {"session_id": LONG},
            feedback(LONG, sessions[5]),
            feedback("of-long", sessions[5]) | {"tutor_id": LONG, "student_id": LONG},
            {},
        ],
        "tutor_events": [
            event(f"document-{n}", "odd-0", "2025-03-05", event_type=kind, metadata=document)
            for n, document in enumerate(ODD_DOCUMENTS)
            for kind in ["message_response"]
        ]
        + [
            event("word", "odd-0", "2025-03-05", metadata='["no object"]'),
            event(LONG, LONG, "2025-03-05"),
            # Dated long after it arrived.
            event("ahead", "odd-0", "2045-03-05"),
            *(
                event(f"type-{n}", "odd-1", "2025-03-05", event_type=kind)
                for n, kind in enumerate(["LOGIN", "\tLogin\u00a0", "LOG\u0130N", "log in"])
            ),
            *(
                event(f"tie-{n}", "odd-1", "2025-03-05", event_type="note", metadata=document)
                for n, documents in enumerate(TIED_DOCUMENTS)
                for document in documents
            ),
            {},
        ],
        "interventions": [
            intervention(f"text-{n}", "odd-0", "2025-03-05", notes=words, trigger_reason=words)
            for n, words in enumerate(ODD_TEXTS)
        ]
        + [
            intervention("early", "odd-0", "2025-03-05", completed_date=utc("2025-03-04")),
            intervention(LONG, "odd-0", "2025-03-05"),
            intervention("of-long", LONG, "2025-03-05"),
            {},
        ],
    }
