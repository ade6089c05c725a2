"""Raw that is not what the sources declare stops a build with a sentence, before any model runs."""

from __future__ import annotations

import re

import pytest

from support.factories import WORLD_WITH_REFUSALS as WORLD
from support.warehouses import DatabaseWarehouse

__all__ = ["WORLD"]

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
        "alter table raw.students alter column age type boolean using age > 0",
        "raw.students.age is boolean, expected integer",
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


def test_every_difference_is_named(warehouse: DatabaseWarehouse) -> None:
    warehouse.query("alter table raw.sessions drop column subject")
    said = refusal(
        warehouse, "alter table raw.students alter column age type boolean using age > 0"
    )
    assert "raw.sessions.subject is missing, expected varchar" in said
    assert "; " in said
    assert "raw.students.age is boolean, expected integer" in said


def test_more_columns_and_other_lengths_are_no_drift(warehouse: DatabaseWarehouse) -> None:
    warehouse.query("alter table raw.sessions add column room integer")
    warehouse.query("alter table raw.tutors alter column name type varchar(300)")
    warehouse.query("create table raw.scratch (note varchar)")
    warehouse.build()
