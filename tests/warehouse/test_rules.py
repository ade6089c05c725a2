"""The acceptance rules in a real warehouse: which rows are rejected, why, and what follows.

Every case of the tables in tests/dbt/rules is in raw, beside rows that are validated in two builds.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import pytest

from support.factories import (
    event,
    small_world,
    tutor,
    utc,
)
from support.rule_cases import CASES, Case, rules_of_staging, world_of
from support.rule_stories import STORIES, Story
from support.tables import KEYS, Row, merged
from support.warehouses import DuckDbWarehouse
from tutormax.schema import LOADED_AT

VERDICTS = {(table, "superseded") for table in KEYS} | {
    ("tutors", "email_taken"),
    ("student_feedback", "session_already_rated"),
}
"""Reasons that no rule of staging gives."""

UNTIL = {"as_of_date": "2025-03-10"}


def rows_besides() -> list[Case]:
    """Rows with every column, odd arrays, and many of one arrival."""
    odd = ["a,b", 'say "hi"', "it's {x}", ""]
    return [
        *(Case(table, row, ()) for table, rows in small_world().items() for row in rows),
        Case("tutors", tutor("odd-1", name="José Ñandú 李", subjects=odd), ()),
        Case("tutors", tutor("odd-2", subjects=[]), ()),
        *(
            Case(
                "tutor_events",
                event(f"tied-{number}", "tutor-1", f"2025-03-04 0{hour}:00"),
                ("superseded",) if hour else (),
            )
            for number in range(8)
            for hour in range(3)
        ),
        *(
            Case(
                "tutor_events",
                event("", "tutor-1", f"2025-03-05 0{hour}:00") | {"event_id": key},
                ("event_id_missing",),
            )
            for hour in range(6)
            for key in ("", None)
        ),
    ]


ALL_CASES = CASES + rows_besides()

UNREADABLE = [
    {
        "source_table": table,
        "record": json.dumps({key: "lost", "created_at": "the day before yesterday"}),
        "error": "created_at is no timestamp",
    }
    for table, key in KEYS.items()
]


# Rejected activity does not move the clock.
FIRST = merged(
    *(story.first for story in STORIES),
    {"tutor_events": [event("too-late", "nobody", "2025-04-01")]},
)
STORIES_THEN = merged(*(story.then for story in STORIES))
THEN = merged(STORIES_THEN, world_of(ALL_CASES), {"unreadable_rows": UNREADABLE})
OF_STORIES = {
    (table, row[KEYS[table]]) for table, rows in merged(FIRST, STORIES_THEN).items() for row in rows
}


Tables = dict[str, dict[Any, Row]]


@pytest.fixture(scope="module")
def early(seeded: DuckDbWarehouse) -> DuckDbWarehouse:
    """What the stories begin with, built."""
    warehouse = seeded.copy()
    warehouse.insert(FIRST)
    warehouse.fill()
    return warehouse


@pytest.fixture(scope="module")
def whole(early: DuckDbWarehouse) -> DuckDbWarehouse:
    """Everything, built in two builds."""
    warehouse = early.copy()
    warehouse.insert(THEN)
    warehouse.fill(variables=UNTIL)
    return warehouse


@pytest.fixture(scope="module")
def published(whole: DuckDbWarehouse) -> Tables:
    return whole.published()


def as_record(row: Row) -> Row:
    """The row as `rejected_records` keeps it."""

    def as_value(column: str, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if isinstance(value, float) and not isfinite(value):
            return json.dumps(value)
        return json.loads(value) if column == "metadata" and isinstance(value, str) else value

    return {column: as_value(column, value) for column, value in row.items() if column != LOADED_AT}


def test_every_rule_is_tried_alone_and_no_case_names_another() -> None:
    rules = rules_of_staging()
    assert len(rules) > 60
    assert {(case.table, reason) for case in CASES for reason in case.reasons} == rules | VERDICTS
    alone = {(case.table, *case.reasons) for case in CASES if len(case.reasons) == 1}
    assert alone == rules | VERDICTS


def test_rows_are_rejected_for_their_reasons_and_kept_as_they_came(published: Tables) -> None:
    def line(table: str, key: str | None, reasons: Iterable[str], record: Row) -> str:
        return repr((table, key, *reasons, sorted(record.items())))

    expected = Counter(
        line(case.table, case.row[KEYS[case.table]], case.reasons, as_record(case.row))
        for case in ALL_CASES
        if case.reasons
    ) + Counter(
        line(row["source_table"], "lost", ["unreadable"], json.loads(row["record"]))
        for row in UNREADABLE
    )
    found = Counter(
        line(row["source_table"], row["record_key"], row["reasons"], json.loads(row["record"]))
        for row in published["rejected_records"].values()
        if (row["source_table"], row["record_key"]) not in OF_STORIES
    )
    assert found - expected == expected - found == Counter()


def test_all_others_are_published_as_they_came(published: Tables) -> None:
    for table, key in KEYS.items():
        accepted = [case.row for case in ALL_CASES if case.table == table and not case.reasons]
        found = [row for name, row in published[table].items() if (table, name) not in OF_STORIES]
        in_order = sorted((as_record(row) for row in found), key=lambda row: str(row[key]))
        assert in_order == sorted(map(as_record, accepted), key=lambda row: str(row[key]))


def test_raw_is_accepted_plus_rejected(whole: DuckDbWarehouse) -> None:
    for table in KEYS:
        [[raw, unreadable, accepted, rejected]] = whole.execute(
            f"""select
                (select count(*) from raw.{table}),
                (select count(*) from raw.unreadable_rows where source_table = '{table}'),
                (select count(*) from tutormax.{table}),
                (select count(*) from tutormax.rejected_records where source_table = '{table}')"""
        )
        assert unreadable == 1
        assert rejected > unreadable
        assert raw + unreadable == accepted + rejected


def test_what_is_rejected_changes_nothing_else(
    whole: DuckDbWarehouse, published: Tables, seeded: DuckDbWarehouse
) -> None:
    clean = seeded.copy()
    clean.insert({table: whole.rows(table) for table in KEYS})
    clean.fill(variables=UNTIL)
    assert published["tutor_performance_metrics"]
    assert clean.published() == published | {"rejected_records": {}}


def test_the_order_of_rows_in_raw_does_not_matter(
    whole: DuckDbWarehouse, published: Tables, seeded: DuckDbWarehouse
) -> None:
    def verdicts(warehouse: DuckDbWarehouse) -> dict[str, list[str]]:
        return {
            table: sorted(
                repr(row | {"changed_in_build": None})
                for row in warehouse.rows(f"stg_tutormax__{table}", "staging")
            )
            for table in KEYS
        }

    shuffled = seeded.copy()
    order = random.Random(20250301)
    for table, rows in merged(FIRST, THEN).items():
        shuffled.insert({table: order.sample(rows, len(rows))})
    # What comes after reads nothing else of raw.
    validated = (*KEYS, "rejected_records")
    shuffled.fill("--select", *(f"+{table}" for table in validated), variables=UNTIL)
    assert shuffled.published(*validated) == {table: published[table] for table in validated}
    assert verdicts(shuffled) == verdicts(whole)


def test_rejected_activity_does_not_move_the_clock(early: DuckDbWarehouse) -> None:
    dates = [row["calculation_date"] for row in early.rows("tutor_performance_metrics")]
    assert max(dates) == utc("2025-03-04")


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_rows_are_validated_again_in_every_build(
    story: Story, early: DuckDbWarehouse, published: Tables
) -> None:
    for now, rows, reasons_of, world in (
        (early.published(), story.published_first, story.rejected_first, story.first),
        (published, story.published_then, story.rejected_then, merged(story.first, story.then)),
    ):
        for (table, key), expected in rows.items():
            found = now[table].get(key)
            assert (found is None) == (expected is None)
            assert {column: (found or {})[column] for column in expected or {}} == (expected or {})
        mine = {(table, row[KEYS[table]]) for table, held in world.items() for row in held}
        rejected = Counter(
            ((row["source_table"], row["record_key"]), *row["reasons"])
            for row in now["rejected_records"].values()
            if (row["source_table"], row["record_key"]) in mine
        )
        assert rejected == Counter(
            (place, reason) for place, reasons in reasons_of.items() for reason in reasons
        )
