"""The cases of the acceptance rules in tests/dbt/rules: rows of raw, and why each is rejected."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, DateTime, Double, Integer

from support.factories import session
from support.project import REPOSITORY
from support.tables import DEFAULT_ARRIVAL, Row, World
from tutormax.schema import KEYS, LOADED_AT, RAW_SCHEMA, metadata

FIXTURES = REPOSITORY / "tests" / "dbt" / "rules" / "fixtures"
REPEATED = re.compile(r"^(.)\{(\d+)\}")
STAGING = REPOSITORY / "models" / "staging" / "tutormax"
RULES_BLOCK = re.compile(r"{% set rules = \{\n(.*?)\n\} %}", re.DOTALL)
TAKEN = re.compile(r"rejection_reasons\('(\w+)'\)")
FIXED = re.compile(r"text_array\(\['(\w+)'\]\)")
RULE_NAME = re.compile(r"^    '(\w+)':", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """A row of raw, and the reasons for which it is rejected: none if it is accepted."""

    table: str
    row: Row
    reasons: tuple[str, ...]


def cells(fixture: str) -> list[dict[str, str | None]]:
    """The rows of a table, read as macros/dialect/safe_cast.sql reads them."""

    def text(cell: str) -> str | None:
        cell = REPEATED.sub(lambda found: found[1] * int(found[2]), cell)
        return {"": None, "''": ""}.get(cell, cell)

    with (FIXTURES / f"{fixture}.csv").open(newline="") as file:
        return [
            {column: text(cell) for column, cell in row.items()}
            for row in csv.DictReader(file, strict=True)
        ]


def typed(table: str, row: dict[str, str | None]) -> Row:
    """The row as raw holds it; columns that the table does not name are null."""
    readers = {
        Boolean: {"true": True, "false": False}.__getitem__,
        DateTime: datetime.fromisoformat,
        Double: float,
        Integer: int,
    }
    result: Row = {}
    for column in metadata.tables[f"{RAW_SCHEMA}.{table}"].columns:
        cell = row.get(column.name)
        read = readers.get(type(column.type), str)
        result[column.name] = None if cell is None else read(cell)
    return result | {LOADED_AT: result[LOADED_AT] or DEFAULT_ARRIVAL}


def cases_of(table: str) -> Iterator[Case]:
    rows, reasons = cells(f"{table}_rows"), cells(f"{table}_reasons")
    for row, verdict in zip(rows, reasons, strict=True):
        key, label, *_ = verdict
        same = (row[key], row[label]) == (verdict[key], verdict[label])
        assert same, f"{table}_rows and {table}_reasons differ in a line: {verdict}"
        yield Case(table, typed(table, row), tuple(str(verdict["reasons"]).strip("[]").split()))


def rated_sessions() -> Iterator[Case]:
    """The sessions that feedback is about; a rejected one has an unknown student."""
    for row in cells("student_feedback_sessions"):
        names = (str(row[name]) for name in ("session_id", "tutor_id", "student_id"))
        reasons = () if row["is_accepted"] == "true" else ("student_not_accepted",)
        yield Case("sessions", session(*names, str(row["scheduled_start"]).strip("Z")), reasons)


RATED_SESSIONS = list(rated_sessions())
CASES = [case for table in KEYS for case in cases_of(table)] + RATED_SESSIONS


def parents() -> list[Case]:
    """The accepted rows that cases of one rule refer to."""
    first = [next(cases_of(table)) for table in ("tutors", "students")]
    return first + [case for case in RATED_SESSIONS if not case.reasons]


def one_case_a_rule() -> list[Case]:
    """For each rule of staging the first row that breaks it alone."""
    first: dict[tuple[str, ...], Case] = {}
    for case in CASES:
        first.setdefault((case.table, *case.reasons), case)
    return [first[rule] for rule in sorted(rules_of_staging())]


def world_of(cases: Iterable[Case]) -> World:
    world: World = {}
    for case in cases:
        world.setdefault(case.table, []).append(case.row)
    return world


def rules_of_staging() -> set[tuple[str, str]]:
    """Every rule of a staging model, with its table."""
    found = set()
    for table in KEYS:
        block = RULES_BLOCK.search((STAGING / f"stg_tutormax__{table}.sql").read_text())
        assert block, f"no rules in the staging model of {table}"
        found |= {(table, name) for name in RULE_NAME.findall(block[1])}
    return found


def reasons_of_models() -> set[tuple[str, str]]:
    """Every reason that the SQL can reject a row for, with its table."""
    models = {table: (STAGING / f"stg_tutormax__{table}.sql").read_text() for table in KEYS}
    fixed = ("macros/rules/rejection_reasons.sql", "models/core/rejected_records.sql")
    return (
        rules_of_staging()
        | {(table, name) for table, sql in models.items() for name in TAKEN.findall(sql)}
        | {
            (table, name)
            for file in fixed
            for name in FIXED.findall((REPOSITORY / file).read_text())
            for table in KEYS
        }
    )
