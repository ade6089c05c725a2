"""DuckDB and PostgreSQL publish the same rows from the same raw."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from duckdb_warehouse import (
    AUDIT,
    DEFAULT_ARRIVAL,
    KEYS,
    PUBLISHED,
    Row,
    Warehouse,
    WarehouseFactory,
    World,
    environment,
    merged,
)
from postgres_warehouse import PostgresProject, PostgresWarehouse
from rule_cases import CASES, world_of
from sample_rows import event, feedback, intervention, random_world, session, student, tutor, utc

from tutormax.generate.settings import Settings
from tutormax.generate.writing import write_files
from tutormax.load import load_directory
from tutormax.warehouse import RawTarget

pytest_plugins = ["warehouse_fixtures"]

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

AHEAD = ("time_in_the_future", "submitted_a_year_later")
"""Cases of rules that would move the clock far beyond all others."""


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
            {},
        ],
        "students": [student("odd-0", name=ODD_TEXTS[3]), student("odd-0", name=ODD_TEXTS[5]), {}],
        "sessions": sessions,
        "student_feedback": [
            feedback(f"text-{n}", row, free_text_feedback=words, improvement_areas=ODD_TEXTS[:n])
            for n, (row, words) in enumerate(zip(sessions[4:], ODD_TEXTS, strict=False))
        ]
        + [feedback("again", sessions[4], _loaded_at=later), {}],
        "tutor_events": [
            event(f"document-{n}", "odd-0", "2025-03-05", event_type=kind, metadata=document)
            for n, document in enumerate(ODD_DOCUMENTS)
            for kind in ["message_response"]
        ]
        + [event("word", "odd-0", "2025-03-05", metadata='["no object"]'), {}],
        "interventions": [
            intervention(f"text-{n}", "odd-0", "2025-03-05", notes=words, trigger_reason=words)
            for n, words in enumerate(ODD_TEXTS)
        ]
        + [intervention("early", "odd-0", "2025-03-05", completed_date=utc("2025-03-04")), {}],
    }


def canonical(value: Any) -> Any:
    """A value that equals another's exactly if the values are the same."""
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, list):
        return tuple(canonical(item) for item in value)
    if isinstance(value, dict):
        return canonical_json(value)
    return value


def canonical_json(value: Any) -> Any:
    """JSON has one kind of number, and knows no sign of zero: 1 and 1.0 are the same."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return (float(value) + 0.0).hex()
    if isinstance(value, list):
        return tuple(canonical_json(item) for item in value)
    if isinstance(value, dict):
        return tuple(sorted((name, canonical_json(item)) for name, item in value.items()))
    return value


def canonical_rows(table: str, rows: Iterable[Row]) -> Counter[Any]:
    """The rows without their audit columns."""
    hidden = AUDIT.get(table, set())
    return Counter(
        tuple((name, canonical(row[name])) for name in sorted(row.keys() - hidden)) for row in rows
    )


def parsed(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows of DuckDB, which gives JSON as text."""
    for row in rows:
        documents = {
            name: json.loads(row[name])
            for name in ("metadata", "record", "contributing_factors")
            if isinstance(row.get(name), str)
        }
        yield row | documents


def differences(duck: Warehouse, postgres: PostgresWarehouse, *place: str) -> list[str]:
    """Rows of a table that only one side has, a few of them."""
    left = canonical_rows(place[0], parsed(duck.rows(*place)))
    right = canonical_rows(place[0], postgres.rows(*place))
    return [
        f"{place[0]}: only in {side}: {dict(row)}"
        for side, rows in (("DuckDB", left - right), ("PostgreSQL", right - left))
        for row in list(rows)[:2]
    ]


def test_both_engines_publish_the_same(
    tmp_path: Path, new_warehouse: WarehouseFactory, postgres_project: PostgresProject
) -> None:
    """Generated files and awkward rows, a build, then corrections, and a second build."""
    write_files(Settings(date(2025, 4, 1), 20, 30, 40, seed=3), tmp_path, 0.05)
    rules = world_of(case for case in CASES if case.row[KEYS[case.table]] not in AHEAD)
    world = merged(random_world(11, days=30), awkward_world(), rules)
    duck = new_warehouse()
    with postgres_project.warehouse() as postgres:
        with environment({"TUTORMAX_DUCKDB_PATH": str(duck.path)}):
            load_directory(tmp_path, RawTarget.DUCKDB)
        postgres.load(tmp_path)
        for round_ in (world, corrections(world)):
            duck.insert(round_)
            postgres.insert(round_)
            for table in (*KEYS, "unreadable_rows"):
                assert not differences(duck, postgres, table, "raw")
            duck.build()
            postgres.build()
            for table in PUBLISHED:
                assert postgres.rows(table)
                assert not differences(duck, postgres, table)
        reasons = {reason for row in duck.rows("rejected_records") for reason in row["reasons"]}
        assert {"superseded", "email_taken", "engagement_score_out_of_range"} <= reasons
        assert len(reasons) > 30


def test_a_market_before_its_first_session(
    new_warehouse: WarehouseFactory, postgres_project: PostgresProject
) -> None:
    """People alone, and no clock in the next build's past; then they begin to work."""
    world = random_world(12, days=10)
    people = {table: world[table] for table in ("tutors", "students")}
    work = {table: rows for table, rows in world.items() if table not in people}
    duck = new_warehouse()
    with postgres_project.warehouse() as postgres:
        for round_ in (people, {}, work):
            duck.insert(round_)
            postgres.insert(round_)
            duck.build()
            postgres.build()
            for table in PUBLISHED:
                assert not differences(duck, postgres, table)
            assert bool(duck.rows("tutor_performance_metrics")) == (round_ is work)


def corrections(world: World) -> World:
    """Some rows of every table once more, with other values; some of them break a rule."""
    later = DEFAULT_ARRIVAL + timedelta(days=2)
    changes: dict[str, tuple[Row, Row]] = {
        "tutors": ({"location": "Porto"}, {"status": "gone"}),
        "students": ({"age": 15}, {"age": 200}),
        "sessions": ({"tutor_initiated_reschedule": True}, {"engagement_score": 1.5}),
        "student_feedback": ({"overall_rating": 5}, {"overall_rating": 6}),
        "tutor_events": ({"event_type": "logout"}, {"event_type": " "}),
        "interventions": ({"notes": None}, {"outcome": "unknown"}),
    }
    result: World = {}
    for table, (good, bad) in changes.items():
        rows = [row for row in world[table] if row]
        result[table] = [
            row
            | change
            | {"_loaded_at": later}
            | ({"updated_at": later} if "updated_at" in row else {})
            for change, some in ((good, rows[::7]), (bad, rows[3::7]))
            for row in some
        ]
    return result
