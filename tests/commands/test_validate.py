"""`tutormax validate`: what does not hold of the YAML is named, and no value of a row is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.factories import random_world, session, tutor
from support.project import environment
from support.tables import merged
from support.warehouses import DatabaseWarehouse, on_duckdb
from tutormax.cli import commands
from tutormax.errors import UserError
from tutormax.validate import command, engines
from tutormax.validate.mapping import MAPPING, checks_of_tests
from tutormax.validate.tables import DataTest, TableContract, read_contracts
from tutormax.warehouse import Target, place_of

WORLD = merged(
    random_world(7, days=12),
    {
        "tutors": [
            tutor("secretive", name="Ada Lovelace", email="ada@secret.example", location="Hideout")
        ],
        "sessions": [
            session(f"spare-{n}", "secretive", "student-1", f"2025-03-0{n} 10:00")
            for n in range(1, 8)
        ],
    },
)

# What is done to the tables, once their constraints are gone, and the line that must follow.
DAMAGE = {
    "update tutormax.sessions set subject = null where session_id = 'spare-1'": (
        "tutormax.sessions.subject not_null: expected a value; "
        "rows that do not fit: 1, such as spare-1."
    ),
    "update tutormax.sessions set session_type = 'webinar' where session_id like 'spare-%'": (
        "tutormax.sessions.session_type accepted_values: expected one of 1-on-1, group; "
        "rows that do not fit: 7, such as spare-1, spare-2, spare-3, spare-4, spare-6."
    ),
    "update tutormax.sessions set duration_minutes = 1441 where session_id = 'spare-2'": (
        "tutormax.sessions.duration_minutes in_range: expected 0 to 1440; rows that do not fit: 1, "
        "such as spare-2."
    ),
    "update tutormax.sessions set engagement_score = 'NaN' where session_id = 'spare-3'": (
        "tutormax.sessions.engagement_score in_range: expected 0 to 1; rows that do not fit: 1, "
        "such as spare-3."
    ),
    "update tutormax.sessions set session_number = 0 where session_id = 'spare-3'": (
        "tutormax.sessions.session_number in_range: expected at least 1; rows that do not fit: 1, "
        "such as spare-3."
    ),
    "update tutormax.sessions set student_id = 'nobody' where session_id = 'spare-4'": (
        "tutormax.sessions.student_id relationships: expected a student_id of tutormax.students; "
        "rows that do not fit: 1, such as spare-4."
    ),
    "update tutormax.sessions set session_id = 'spare-6' where session_id = 'spare-5'": (
        "tutormax.sessions.session_id unique: expected no two rows alike; "
        "keys that stand twice: 1, such as spare-6."
    ),
    "delete from tutormax.tutors where tutor_id = 'secretive'": (
        "tutormax.tutors rows_conserved: expected all rows of raw here or rejected "
        "(`dbt build` puts them there); there are -1."
    ),
    "alter table tutormax.students alter column age type bigint": (
        "tutormax.students types: expected the types declared; age is bigint, not integer."
    ),
    "alter table tutormax.students add column nickname integer": (
        "tutormax.students columns: expected the columns student_id, name, age, grade_level, "
        "subjects_interested, created_at, updated_at; unexpected: nickname."
    ),
    "alter table raw.students drop column age": (
        "raw.students columns: expected the columns student_id, name, age, grade_level, "
        "subjects_interested, created_at, updated_at, _loaded_at; missing: age."
    ),
    "alter table tutormax.tutor_events drop column metadata": (
        "tutormax.tutor_events columns: expected the columns event_id, tutor_id, event_type, "
        "event_timestamp, metadata, created_at; missing: metadata."
    ),
}
# Of the tutor who is gone: sessions, metrics, advice. Of the session that stands twice: the view.
CONSEQUENCES = {
    "tutormax.sessions.tutor_id relationships",
    "tutormax.tutor_performance_metrics.tutor_id relationships",
    "tutormax.churn_predictions.tutor_id relationships",
    "tutormax.intervention_recommendations.tutor_id relationships",
    "tutormax.metric_sessions.session_id unique",
}


def loosen(warehouse: DatabaseWarehouse, table: str) -> None:
    """Put a table without constraints in the place of a published one."""
    warehouse.query(f"create table tutormax.loose as select * from tutormax.{table}")
    warehouse.query(f"drop table tutormax.{table} cascade")
    warehouse.query(f"alter table tutormax.loose rename to {table}")


def damage(warehouse: DatabaseWarehouse) -> None:
    for table in ("sessions", "tutors", "students", "tutor_events"):
        loosen(warehouse, table)
    made = warehouse.dbt("run", "--select", "config.materialized:replaced_view")  # gone by cascade
    assert made.succeeded, made.message
    warehouse.query("alter table raw.sessions add column room integer")  # raw may have more
    for statement in DAMAGE:
        warehouse.query(statement)


def invoke(warehouse: DatabaseWarehouse, *words: str) -> tuple[int, str]:
    with environment(warehouse.environment):
        result = CliRunner().invoke(commands, ["validate", *words])
    if isinstance(result.exception, UserError):
        return result.exception.exit_code, str(result.exception)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def docs(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "docs"


@pytest.mark.deep("postgres")  # what is damaged there is all that is named
def test_a_built_warehouse_is_as_declared(warehouse: DatabaseWarehouse, docs: Path) -> None:
    code, said = invoke(warehouse, "--docs", str(docs))
    assert code == 0, said
    assert re.fullmatch(
        r"All \d+ expectations of \d+ tables hold; .*index.html shows them.\n", said
    )


@pytest.mark.deep("postgres")
def test_each_damage_is_named_once(
    warehouse: DatabaseWarehouse, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(warehouse)
    monkeypatch.setattr(engines, "CELLS", 400)  # so that a table comes in several frames
    code, said = invoke(warehouse, "--docs", str(docs))
    assert code == 1
    lines = said.splitlines()[:-1]
    told = {line for line in lines if line.partition(":")[0] not in CONSEQUENCES}
    assert told == set(DAMAGE.values())
    assert len(lines) == len(DAMAGE) + len(CONSEQUENCES)
    page = (docs / "index.html").read_text()
    with environment(warehouse.environment):
        assert f"<p>Database {place_of(Target(warehouse.target))}, checked on 20" in page
    assert "https:" not in page and "http:" not in page and "//" not in page
    assert "spare-4" in page
    for secret in ("Ada Lovelace", "ada@secret", "Hideout"):
        assert secret not in said + page


@on_duckdb
def test_every_published_model_and_raw_table_is_looked_at(warehouse: DatabaseWarehouse) -> None:
    contracts = read_contracts(warehouse.manifest)
    tables = warehouse.execute(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema in ('raw', 'tutormax') and table_name not like 'tutormax!_%' escape '!'"
    )
    assert {name for (name,) in tables} == {
        table.label for table in (*contracts.raw, *contracts.published)
    }
    columns = [(t, c) for t in contracts.raw for c in t.columns.values()]
    hidden = {f"{table.name}.{column.name}" for table, column in columns if column.is_hidden}
    assert {"tutors.email", "students.name", "unreadable_rows.record"} <= hidden
    assert "sessions.session_id" not in hidden


def test_a_test_that_cannot_be_mapped_stops() -> None:
    table = TableContract("tutormax", "odd", {}, (), (DataTest("is_prime", "n", {}),))
    with pytest.raises(UserError, match=r"The data test is_prime of tutormax.odd has no"):
        checks_of_tests(table)


def test_each_kind_of_test_is_mapped_to_its_question() -> None:
    one_number = {"rows_conserved", "same_row_count", "row_count_is"}
    arguments = {
        "values": ["a"],
        "columns": ["n", "m"],
        "to": '"x"."y"',
        "field": "k",
        "rows": 3,
        "other": '"x"."y"',
        "source_table": "tutors",
        "rejected": '"x"."z"',
        "min_value": 0,
    }
    tests = tuple(DataTest(kind, "n", arguments) for kind in MAPPING)
    for check in checks_of_tests(TableContract("tutormax", "t", {}, ("n",), tests)):
        assert (check.query is None) == check.is_of_rows
        assert (check.broken is None) == (check.rule in one_number)


def test_what_cannot_be_judged_is_told_from_what_is_broken(
    warehouse: DatabaseWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.query("drop table tutormax.churn_feature_drift cascade")
    code, said = invoke(warehouse, "--docs", str(tmp_path))
    assert code == 2
    assert said == (
        f"The table tutormax.churn_feature_drift is missing in {warehouse.target}: "
        f"run `dbt build --target {warehouse.target}`."
    )
    monkeypatch.setattr(command, "NEEDED", ("great_expectations", "no_such_package"))
    code, said = invoke(warehouse)
    assert code == 2
    assert said.startswith("`tutormax validate` needs no_such_package: install the extra by")
