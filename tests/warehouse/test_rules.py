"""The acceptance rules in a real warehouse: which rows are rejected, why, and what follows.

Every case of the tables in tests/dbt/rules is in raw, beside rows that are validated in two builds.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

import pytest

from support.factories import (
    event,
    feedback,
    intervention,
    session,
    small_world,
    student,
    tutor,
    utc,
)
from support.rule_cases import CASES, Case, rules_of_staging, world_of
from support.tables import DEFAULT_ARRIVAL, KEYS, Row, World, merged
from support.warehouses import DuckDbWarehouse, NewDuckDb
from tutormax.schema import LOADED_AT

VERDICTS = {(table, "superseded") for table in KEYS} | {
    ("tutors", "email_taken"),
    ("student_feedback", "session_already_rated"),
}
"""Reasons that no rule of staging gives."""

LATER = DEFAULT_ARRIVAL + timedelta(days=1)
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
def early(new_warehouse: NewDuckDb) -> DuckDbWarehouse:
    """What the stories begin with, built."""
    warehouse = new_warehouse()
    warehouse.insert(FIRST)
    warehouse.build()
    return warehouse


@pytest.fixture(scope="module")
def whole(early: DuckDbWarehouse, new_warehouse: NewDuckDb) -> DuckDbWarehouse:
    """Everything, built in two builds."""
    warehouse = new_warehouse(early)
    warehouse.insert(THEN)
    warehouse.build(variables=UNTIL)
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
    whole: DuckDbWarehouse, published: Tables, new_warehouse: NewDuckDb
) -> None:
    clean = new_warehouse()
    clean.insert({table: whole.rows(table) for table in KEYS})
    clean.build(variables=UNTIL)
    assert published["tutor_performance_metrics"]
    assert clean.published() == published | {"rejected_records": {}}


def test_the_order_of_rows_in_raw_does_not_matter(
    whole: DuckDbWarehouse, published: Tables, new_warehouse: NewDuckDb
) -> None:
    def verdicts(warehouse: DuckDbWarehouse) -> dict[str, list[str]]:
        return {
            table: sorted(
                repr(row | {"changed_in_build": None})
                for row in warehouse.rows(f"stg_tutormax__{table}", "staging")
            )
            for table in KEYS
        }

    shuffled = new_warehouse()
    order = random.Random(20250301)
    for table, rows in merged(FIRST, THEN).items():
        shuffled.insert({table: order.sample(rows, len(rows))})
    shuffled.build(variables=UNTIL)
    assert shuffled.published() == published
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
