"""DuckDB and PostgreSQL publish the same rows from the same raw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.edge_cases import LONG, awkward_world
from support.factories import WORLD_WITH_REFUSALS, random_world
from support.locales import server_with_locales, usable
from support.project import PostgresProject
from support.rule_cases import CASES, world_of
from support.tables import AUDIT, DEFAULT_ARRIVAL, KEYS, PUBLISHED, Row, World, merged, parsed
from support.warehouses import BuiltWorld, DuckDbWarehouse, NewDuckDb, PostgresWarehouse
from tutormax.generate.settings import Settings
from tutormax.generate.writing import write_files


@pytest.fixture(scope="module")
def locale_server() -> Iterator[str]:
    with server_with_locales() as url:
        yield url


AHEAD = ("time_in_the_future", "submitted_a_year_later")
"""Cases of rules that would move the clock far beyond all others."""


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


def differences(duck: DuckDbWarehouse, postgres: PostgresWarehouse, *place: str) -> list[str]:
    """Rows of a table that only one side has, a few of them."""
    left = canonical_rows(place[0], parsed(duck.rows(*place)))
    right = canonical_rows(place[0], postgres.rows(*place))
    return [
        f"{place[0]}: only in {side}: {dict(row)}"
        for side, rows in (("DuckDB", left - right), ("PostgreSQL", right - left))
        for row in list(rows)[:2]
    ]


@pytest.mark.depth("locale", quick=["en_US.UTF-8"], deep=["en_US.UTF-8", "tr_TR.UTF-8", "C"])
def test_both_engines_publish_the_same(
    locale: str,
    tmp_path: Path,
    new_warehouse: NewDuckDb,
    postgres_project: PostgresProject,
    locale_server: str,
) -> None:
    """Generated files and awkward rows, a build, then corrections, and a second build."""
    write_files(Settings(date(2025, 4, 1), 20, 10, 15, seed=3), tmp_path, 0.05)
    rules = world_of(case for case in CASES if case.row[KEYS[case.table]] not in AHEAD)
    world = merged(random_world(11, days=15), awkward_world(), rules)
    duck = new_warehouse()
    with PostgresWarehouse.create(
        postgres_project, tmp_path / "postgres", locale_server, usable(locale)
    ) as postgres:
        for warehouse in (duck, postgres):
            warehouse.load(tmp_path)
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
            if round_ is world:
                assert_awkward_rows_came_out_right(duck)
    reasons = {reason for row in duck.rows("rejected_records") for reason in row["reasons"]}
    assert {"superseded", "email_taken", "engagement_score_out_of_range"} <= reasons
    assert len(reasons) > 30


def assert_awkward_rows_came_out_right(warehouse: DuckDbWarehouse) -> None:
    tutors = {row["tutor_id"]: row["name"] for row in warehouse.rows("tutors")}
    names = [
        "of-white-space",
        "between-white-space",
        "\u3000\u2028",
        "invisible",
        "tie-a",
        "tie-B",
        "tie-c",
        "tie-D",
    ]
    assert [name for name in names if name in tutors] == ["invisible", "tie-B", "tie-c", "tie-D"]
    assert tutors["version"] == "Beta"
    metadata = {row["event_id"]: row["metadata"] for row in parsed(warehouse.rows("tutor_events"))}
    assert (metadata["tie-0"], metadata["tie-1"]) == ({"aa": 1, "b": 9}, {"a": 10})
    sessions = {row["session_id"]: row for row in warehouse.rows("sessions")}
    assert sessions["absent"]["duration_minutes"] is None
    rejected = [
        (row["source_table"], row["record_key"], row["reasons"])
        for row in warehouse.rows("rejected_records")
    ]
    assert ("sessions", "of-long", ["tutor_not_accepted"]) in rejected
    assert ("interventions", "of-long", ["tutor_not_accepted"]) in rejected
    assert ("student_feedback", "rates-long", ["session_not_accepted"]) in rejected
    assert ("student_feedback", "of-long", ["student_mismatch", "tutor_mismatch"]) in rejected
    assert ("tutors", "long-email", ["email_too_long"]) in rejected
    assert Counter(table for table, key, _ in rejected if key == LONG) == Counter(
        dict.fromkeys(KEYS, 1) | {"sessions": 2}
    )
    (logins,) = warehouse.execute(
        "select sum(logins) from intermediate.int_activity__tutor_daily_totals "
        "where tutor_id = 'odd-1'"
    )
    assert logins == (2,)


@pytest.mark.deep
def test_a_market_before_its_first_session(
    seeded: DuckDbWarehouse, seeded_on_postgres: PostgresWarehouse
) -> None:
    """People alone, and no clock in the next build's past; then they begin to work."""
    world = random_world(12, days=5)
    people = {table: world[table] for table in ("tutors", "students")}
    work = {table: rows for table, rows in world.items() if table not in people}
    with seeded.copy() as duck, seeded_on_postgres.copy() as postgres:
        for round_ in (people, {}, work):
            duck.insert(round_)
            postgres.insert(round_)
            duck.fill()
            postgres.fill()
            for table in PUBLISHED:
                assert not differences(duck, postgres, table)
            assert bool(duck.rows("tutor_performance_metrics")) == (round_ is work)


def test_rows_that_a_cascade_removes_are_counted(built_world: BuiltWorld) -> None:
    """A tutor leaves raw, and three sessions of others with what was said of them."""
    world = WORLD_WITH_REFUSALS
    rated = [row for row in world["student_feedback"] if row["tutor_id"] != "tutor-1"][:3]
    deletes = [
        "delete from raw.tutors where tutor_id = 'tutor-1' returning 1",
        *(
            f"delete from raw.sessions where session_id = '{row['session_id']}' returning 1"
            for row in rated
        ),
    ]
    counts = []
    for engine in ("duckdb", "postgres"):
        with built_world(engine, world).copy() as warehouse:
            for sql in deletes:
                warehouse.execute(sql)
            warehouse.fill("--select", "staging", "core", variables={"allow_mass_delete": True})
            counts.append(
                warehouse.execute(
                    "select model, rows_deleted from tutormax.tutormax_runs where build_number = "
                    "(select max(build_number) from tutormax.tutormax_runs) and rows_deleted > 0 "
                    "and model not like 'stg%' order by model"
                )
            )
    on_duckdb, on_postgres = counts
    assert dict(on_duckdb)["student_feedback"] > 3
    assert on_postgres == on_duckdb


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
