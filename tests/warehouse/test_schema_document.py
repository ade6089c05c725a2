"""The published tables on PostgreSQL are those of docs/tutormax_schema.md, to the letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
import yaml

from support import schema_document
from support.project import REPOSITORY
from support.schema_document import ADDED, ENUM_COLUMNS, ForeignKey, Index
from support.warehouses import PostgresWarehouse

TABLES = schema_document.tables()
ENUMS = schema_document.enums()

NEVER_ABSENT = {
    "tutors": {"tutor_id", "name", "email", "onboarding_date", "status"},
    "students": {"student_id", "name"},
    "sessions": {
        *("session_id", "tutor_id", "student_id", "session_number", "scheduled_start"),
        *("subject", "session_type", "no_show"),
    },
    "student_feedback": {
        *("feedback_id", "session_id", "student_id", "tutor_id", "overall_rating", "submitted_at"),
    },
    "tutor_events": {"event_id", "tutor_id", "event_type", "event_timestamp"},
    "interventions": {
        *("intervention_id", "tutor_id", "intervention_type", "recommended_date", "status"),
    },
    "tutor_performance_metrics": {
        *("metric_id", "tutor_id", "calculation_date", "window", "sessions_completed"),
        *("no_show_count", "created_at", "updated_at"),
    },
    "churn_predictions": set(TABLES["churn_predictions"].columns),
}
"""The document is silent on nulls: these are the columns without which a row is refused or made."""


@pytest.fixture(scope="module")
def warehouse(built_on_postgres: PostgresWarehouse) -> Iterator[PostgresWarehouse]:
    """One copy of the built database for all tests here, none of which leaves a change."""
    with built_on_postgres.copy() as warehouse:
        yield warehouse


def test_the_document_is_read_in_full() -> None:
    assert len(TABLES) == 8
    assert sum(len(table.columns) for table in TABLES.values()) == 99
    assert sum(len(table.foreign_keys) for table in TABLES.values()) == 9
    assert len(schema_document.indexes()) == 19
    assert ENUMS.keys() == ENUM_COLUMNS.keys()
    assert all(key.cascades for table in TABLES.values() for key in table.foreign_keys)


def test_every_table_is_built(warehouse: PostgresWarehouse) -> None:
    built = warehouse.execute("select tablename::text from pg_tables where schemaname = 'tutormax'")
    assert TABLES.keys() <= {name for (name,) in built}


@pytest.mark.parametrize("table", TABLES)
def test_columns_in_order_with_types(table: str, warehouse: PostgresWarehouse) -> None:
    found = warehouse.execute(
        """select attname::text, format_type(atttypid, atttypmod)
        from pg_attribute
        where attrelid = %s::regclass and attnum > 0 and not attisdropped
        order by attnum""",
        [table],
    )
    assert found == list((TABLES[table].columns | ADDED.get(table, {})).items())


@pytest.mark.parametrize("table", TABLES)
def test_columns_never_absent(table: str, warehouse: PostgresWarehouse) -> None:
    found = warehouse.execute(
        """select column_name::text from information_schema.columns
        where table_schema = 'tutormax' and table_name = %s and is_nullable = 'NO'""",
        [table],
    )
    assert {name for (name,) in found} == NEVER_ABSENT[table]


@pytest.mark.parametrize("table", TABLES)
def test_primary_key(table: str, warehouse: PostgresWarehouse) -> None:
    found = warehouse.execute(
        """select pg_get_constraintdef(oid) from pg_constraint
        where conrelid = %s::regclass and contype = 'p'""",
        [table],
    )
    assert found == [(f"PRIMARY KEY ({TABLES[table].primary_key})",)]


def _foreign_keys(warehouse: PostgresWarehouse) -> dict[str, tuple[str, ForeignKey]]:
    found = warehouse.execute(
        """select conname::text, conrelid::regclass::text, child.attname::text,
            confrelid::regclass::text, parent.attname::text, confdeltype = 'c' and convalidated
        from pg_constraint
        inner join pg_attribute as child
            on child.attrelid = conrelid and child.attnum = conkey[1]
        inner join pg_attribute as parent
            on parent.attrelid = confrelid and parent.attnum = confkey[1]
        where contype = 'f' and cardinality(conkey) = 1
            and connamespace = 'tutormax'::regnamespace"""
    )
    return {name: (table, ForeignKey(*key)) for name, table, *key in found}


def test_foreign_keys(warehouse: PostgresWarehouse) -> None:
    promised = {(table, key) for table in TABLES for key in TABLES[table].foreign_keys}
    assert len(promised) == 9
    found = {(table, key) for table, key in _foreign_keys(warehouse).values() if table in TABLES}
    assert found == promised


def test_foreign_keys_that_the_document_names(warehouse: PostgresWarehouse) -> None:
    named = schema_document.named_foreign_keys()
    assert len(named) == 3
    found = _foreign_keys(warehouse)
    assert {name: found[name] for name in named} == named


def test_indexes(warehouse: PostgresWarehouse) -> None:
    found = warehouse.execute(
        """select indexrelid::regclass::text, indrelid::regclass::text, indisunique,
            array(
                select pg_get_indexdef(indexrelid, place, false)
                from generate_series(1, indnkeyatts) as place
            )
        from pg_index
        inner join pg_class on pg_class.oid = indrelid
        where relnamespace = 'tutormax'::regnamespace
            and not indisprimary and indisvalid and indpred is null
            and indnatts = indnkeyatts"""
    )
    promised = schema_document.indexes()
    assert len(promised) == 19
    assert {
        name: Index(table, tuple(columns), unique) for name, table, unique, columns in found
    } == promised
    for table in TABLES:
        for column in TABLES[table].unique:
            assert Index(table, (column,), True) in promised.values()


@pytest.mark.parametrize("enum", ENUM_COLUMNS)
def test_enums_refuse_other_values(enum: str, warehouse: PostgresWarehouse) -> None:
    table, column = ENUM_COLUMNS[enum]
    assert TABLES[table].values.get(column, ENUMS[enum]) == ENUMS[enum]
    for value in ENUMS[enum]:
        assert _set(warehouse, table, column, value) is None
    for value in ("", "other", ENUMS[enum][0].swapcase(), f"{ENUMS[enum][0]} "):
        assert isinstance(_set(warehouse, table, column, value), psycopg2.errors.CheckViolation)


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table in TABLES for column in TABLES[table].ranges]
)
def test_ranges_refuse_other_values(table: str, column: str, warehouse: PostgresWarehouse) -> None:
    low, high = TABLES[table].ranges[column]
    for value in (low, high):
        assert _set(warehouse, table, column, value) is None
    for value in (low - 1, high + 1):
        assert isinstance(_set(warehouse, table, column, value), psycopg2.errors.CheckViolation)


@pytest.mark.parametrize("table", TABLES)
def test_unique_columns_refuse_a_second_time(table: str, warehouse: PostgresWarehouse) -> None:
    for column in TABLES[table].unique:
        (value,) = warehouse.execute(f"select {column} from {table} order by 1 limit 1")[0]
        refusal = _set(warehouse, table, column, value)
        assert isinstance(refusal, psycopg2.errors.UniqueViolation)


def test_a_tutor_and_a_student_take_along_what_is_theirs(warehouse: PostgresWarehouse) -> None:
    for parent, children in {"tutors": 6, "students": 2, "sessions": 1}.items():
        key = TABLES[parent].primary_key
        rows = {
            child: f"select count(*) from {child} where {column.column} = %(id)s"
            for child in TABLES
            for column in TABLES[child].foreign_keys
            if column.parent == parent
        }
        assert len(rows) == children
        with closing(warehouse.connect()) as connection:
            connection.autocommit = False
            with connection.cursor() as cursor:
                cursor.execute(
                    f"""select {key} from student_feedback
                    where tutor_id in (select tutor_id from tutor_performance_metrics)
                        and tutor_id in (select tutor_id from interventions)
                        and tutor_id in (select tutor_id from tutor_events)
                    order by feedback_id limit 1"""
                )
                identity = {"id": _only(cursor)}
                for query in rows.values():
                    cursor.execute(query, identity)
                    assert _only(cursor) > 0
                cursor.execute(f"delete from {parent} where {key} = %(id)s", identity)
                for query in rows.values():
                    cursor.execute(query, identity)
                    assert _only(cursor) == 0
            connection.rollback()


def test_the_enums_of_the_project_are_those_of_the_document() -> None:
    variables = yaml.safe_load((REPOSITORY / "dbt_project.yml").read_text())["vars"]["enums"]
    promised = {
        re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower(): values for name, values in ENUMS.items()
    }
    assert {name: variables.get(name) for name in promised} == promised


def _set(warehouse: PostgresWarehouse, table: str, column: str, value: Any) -> Exception | None:
    """Set a column of one row, and take it back; give the error."""
    key = TABLES[table].primary_key
    with closing(warehouse.connect()) as connection:
        connection.autocommit = False
        with connection.cursor() as cursor:
            try:
                cursor.execute(
                    f'update {table} set "{column}" = %s '
                    f"where {key} = (select max({key}) from {table})",
                    [value],
                )
            except psycopg2.Error as error:
                return error
            else:
                assert cursor.rowcount == 1
                return None
            finally:
                connection.rollback()


def _only(cursor: Any) -> Any:
    ((value,),) = cursor.fetchall()
    return value
