"""Rows that are easy to lose or to change on their way into raw."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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


def write_tricky_rows(files: Path) -> None:
    """Write them as files to load; some of them cannot be read."""
    (files / "students.json").write_text(json.dumps(STUDENTS))
    (files / "tutor_events.jsonl").write_text("\n".join(map(json.dumps, EVENTS)))
    (files / "sessions.json").write_text(json.dumps(SESSIONS))
