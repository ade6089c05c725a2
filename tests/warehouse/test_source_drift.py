"""Raw that is not what the sources declare stops a build with a sentence, before any model runs."""

from __future__ import annotations

import re

import pytest

from support.factories import small_world
from support.warehouses import DatabaseWarehouse, on_duckdb, on_postgres

WORLD = small_world()

DRIFT = [
    (
        "alter table raw.sessions drop column subject",
        "raw.sessions.subject is missing, expected varchar",
    ),
    (
        "alter table raw.student_feedback rename column overall_rating to rating",
        "raw.student_feedback.overall_rating is missing, expected integer",
    ),
    (
        "alter table raw.sessions alter column duration_minutes type bigint",
        "raw.sessions.duration_minutes is bigint, expected integer",
    ),
    (
        "alter table raw.tutor_events alter column event_timestamp type timestamp",
        "raw.tutor_events.event_timestamp is "
        r"timestamp( without time zone)?, expected timestamp with time zone",
    ),
    (
        "alter table raw.unreadable_rows drop column error",
        "raw.unreadable_rows.error is missing, expected varchar",
    ),
]
ON_DUCKDB = [
    (
        "alter table raw.tutors alter column subjects type varchar using 'Algebra'",
        "raw.tutors.subjects is varchar, expected varchar[]",
    ),
    (
        "alter table raw.tutor_events alter column metadata type varchar",
        "raw.tutor_events.metadata is varchar, expected jsonb",
    ),
]
ON_POSTGRES = [
    (
        "alter table raw.tutors alter column subjects type text",
        "raw.tutors.subjects is varchar, expected varchar[]",
    ),
    (
        "alter table raw.tutor_events alter column metadata type json",
        "raw.tutor_events.metadata is json, expected jsonb",
    ),
]


def refusal(warehouse: DatabaseWarehouse, statement: str) -> str:
    """What a build says after the change; it has run no model."""
    runs = "select count(*) from tutormax.tutormax_runs"
    before = warehouse.execute(runs)
    warehouse.query(statement)
    build = warehouse.try_build()
    assert not build.succeeded
    assert warehouse.execute(runs) == before
    return build.message


@pytest.mark.parametrize(("statement", "sentence"), DRIFT)
def test_drift_stops_a_build(warehouse: DatabaseWarehouse, statement: str, sentence: str) -> None:
    assert re.search(
        f"Raw is not what the sources declare: {sentence}. Put raw right",
        refusal(warehouse, statement),
    )


@on_duckdb
@pytest.mark.parametrize(("statement", "sentence"), ON_DUCKDB)
def test_drift_on_duckdb(warehouse: DatabaseWarehouse, statement: str, sentence: str) -> None:
    assert f"declare: {sentence}. Put" in refusal(warehouse, statement)


@on_postgres
@pytest.mark.parametrize(("statement", "sentence"), ON_POSTGRES)
def test_drift_on_postgres(warehouse: DatabaseWarehouse, statement: str, sentence: str) -> None:
    assert f"declare: {sentence}. Put" in refusal(warehouse, statement)


def test_every_difference_is_named(warehouse: DatabaseWarehouse) -> None:
    warehouse.query("alter table raw.sessions drop column subject")
    said = refusal(warehouse, "alter table raw.students alter column age type bigint")
    assert "raw.sessions.subject is missing, expected varchar" in said
    assert "; " in said
    assert "raw.students.age is bigint, expected integer" in said


def test_more_columns_and_other_lengths_are_no_drift(warehouse: DatabaseWarehouse) -> None:
    warehouse.query("alter table raw.sessions add column room integer")
    warehouse.query("alter table raw.tutors alter column name type varchar(300)")
    warehouse.query("create table raw.scratch (note varchar)")
    warehouse.build()
