"""Raw as other loaders leave it: their names, their types, and when a row arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest
from sqlalchemy import ARRAY, Boolean, DateTime, Integer
from sqlalchemy.dialects.postgresql import JSONB

from support.factories import random_world, small_world
from support.project import DuckDbProject
from support.project_copy import ProjectFiles
from support.tables import KEYS, World, later, merged
from support.warehouses import DatabaseWarehouse, DuckDbWarehouse, NewDuckDb
from support.warehouses.duckdb import append_to_duckdb
from tutormax.schema import LOADED_AT, SOURCE_TABLES
from tutormax.warehouse import connect_duckdb, ensure_raw_duckdb

INSTANT, INTEGER, BOOLEAN, LIST, DOCUMENT = DateTime, Integer, Boolean, ARRAY, JSONB

IN_UTC = "{} at time zone 'UTC'"
JSON_LIST = {"duckdb": "to_json({})", "postgres": "to_jsonb({})"}
ISO = {
    "duckdb": "strftime({} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')",
    "postgres": "to_char({} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.USZ')",
}
MICROSECONDS = {
    "duckdb": "epoch_us({})",
    "postgres": "cast(extract(epoch from {}) * 1000000 as bigint)",
}
SECONDS_AS_TEXT = {
    "duckdb": "cast(cast(epoch_us({}) as decimal(20, 0)) / 1000000 as varchar)",
    "postgres": "cast(extract(epoch from {}) as varchar)",
}
READ = (*KEYS, "rejected_records")
"""The published tables that read raw; the others read those."""

Expression = str | Mapping[str, str]
"""SQL of a value; one for each engine if they differ."""


@dataclass(frozen=True)
class Layout:
    """What a loader makes of the types, when a row arrived, and the columns that it adds."""

    name: str
    arrival: str
    types: Mapping[type, Expression]
    columns: Mapping[str, Expression] = field(default_factory=dict)
    arrived: Expression = "{}"
    added: str = ""


LAYOUTS = [
    Layout(
        "airbyte",
        "_airbyte_extracted_at",
        {INTEGER: "cast({} as bigint)", LIST: JSON_LIST},
        {"tutor_id": "cast({} as uuid)"},
        added="cast('x' as varchar) as _airbyte_raw_id, cast('{}' as json) as _airbyte_meta, ",
    ),
    Layout(
        "fivetran",
        "_fivetran_synced",
        {
            INSTANT: IN_UTC,
            INTEGER: "cast({} as smallint)",
            LIST: {e: f"cast({sql} as varchar)" for e, sql in JSON_LIST.items()},
            DOCUMENT: "cast({} as varchar)",
        },
        {"student_id": "cast({} as bigint)"},
        arrived=IN_UTC,
        added="false as _fivetran_deleted, ",
    ),
    Layout(
        "dlt",
        "_dlt_load_id",
        {INSTANT: ISO, BOOLEAN: "cast({} as integer)", INTEGER: "cast({} as varchar)"},
        {"created_at": MICROSECONDS, "updated_at": SECONDS_AS_TEXT},
        arrived={
            "duckdb": "cast(epoch_us({}) as varchar)",
            "postgres": "cast(cast(extract(epoch from {}) * 1000000 as bigint) as varchar)",
        },
        added="cast('y' as varchar) as _dlt_id, ",
    ),
]


def with_other_ids(world: World) -> World:
    """Tutors named by UUIDs, and students by numbers."""
    numbers = {row["student_id"]: n for n, row in enumerate(world["students"], 1000)}
    ids = {
        "tutor_id": lambda value: str(uuid5(NAMESPACE_URL, value)),
        "student_id": lambda value: str(numbers.setdefault(value, 5000 + len(numbers))),
    }
    return {
        table: [
            {c: ids[c](v) if c in ids and v is not None else v for c, v in row.items()}
            for row in rows
        ]
        for table, rows in world.items()
    }


def land(warehouse: DatabaseWarehouse, layout: Layout, rows: str) -> None:
    """Put into raw, as a loader would, some of the rows of `base`."""
    engine = warehouse.target

    def sql(expression: Expression, column: str) -> str:
        text = expression if isinstance(expression, str) else expression[engine]
        return text.replace("{}", f'"{column}"')

    for table in SOURCE_TABLES:
        listed = []
        for column in reversed(table.columns):
            expression = layout.columns.get(column.name, layout.types.get(type(column.type), "{}"))
            if column.name == LOADED_AT:
                unknown = f"nullif({LOADED_AT}, timestamp with time zone '1970-01-01 00:00:00+00')"
                arrived = sql(layout.arrived, LOADED_AT).replace(f'"{LOADED_AT}"', unknown)
                listed.append(f"{arrived} as {layout.arrival}")
            else:
                listed.append(f'{sql(expression, column.name)} as "{column.name}"')
        for statement in (
            f"drop table if exists raw.{table.name}",
            f"create table raw.{table.name} as select {layout.added}{', '.join(listed)} "
            f"from base.{table.name} where {rows}",
        ):
            warehouse.query(statement)
    if layout.name == "dlt":
        loads = " union ".join(
            f"select {LOADED_AT} from base.{table.name} where {rows}" for table in SOURCE_TABLES
        )
        load_id = sql(layout.arrived, LOADED_AT)
        for statement in (
            "drop table if exists raw._dlt_loads",
            f"create table raw._dlt_loads as select {load_id} as load_id, "
            f"{LOADED_AT} as inserted_at, 0 as status from ({loads}) as loads",
        ):
            warehouse.query(statement)


def keep_base(warehouse: DatabaseWarehouse) -> None:
    warehouse.query("create schema base")
    for table in SOURCE_TABLES:
        warehouse.query(f"create table base.{table.name} as select * from raw.{table.name}")


@pytest.mark.deep("postgres")
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
@pytest.mark.depth("layout", quick=LAYOUTS[2:], deep=LAYOUTS)
def test_raw_of_another_loader(layout: Layout, engine: str, request: pytest.FixtureRequest) -> None:
    """Built in two slices it equals one build of the same rows that `tutormax load` loaded."""
    new = {"duckdb": "seeded", "postgres": "seeded_on_postgres"}[engine]
    expected: DatabaseWarehouse = request.getfixturevalue(new).copy()
    first = random_world(5, days=4)
    core = ("--select", "staging", "core")
    expected.insert(with_other_ids(merged(first, later(random_world(6, days=4), 1))))
    if layout.name != "dlt":
        # It does not say when these arrived.
        expected.query(
            "update raw.tutors set _loaded_at = timestamp with time zone '1970-01-01 00:00:00+00' "
            "where name in (select min(name) from raw.tutors)"
        )
    landed = expected.copy()
    expected.fill(*core)

    variables = {"loaded_at_column": layout.arrival}
    keep_base(landed)
    landed.query("drop table raw.unreadable_rows")
    land(landed, layout, f"{LOADED_AT} <= (select min({LOADED_AT}) from base.sessions)")
    landed.fill(variables=variables)
    land(landed, layout, "true")
    landed.fill(*core, variables=variables)
    assert landed.published(*READ) == expected.published(*READ)
    assert landed.execute("select count(*) from raw.unreadable_rows") == [(0,)]
    # The first is that of the seeds.
    fulls = "select count(*) from staging.build_log where is_full and build_number > 1"
    assert landed.execute(fulls) == [(6,)]


def test_a_load_of_dlt_that_is_not_complete_is_not_read(new_warehouse: NewDuckDb) -> None:
    warehouse = new_warehouse()
    (dlt,) = (layout for layout in LAYOUTS if layout.name == "dlt")
    warehouse.insert(with_other_ids(small_world()))
    keep_base(warehouse)
    land(warehouse, dlt, "true")
    warehouse.query("update raw._dlt_loads set status = 1")
    build = warehouse.try_build(variables={"loaded_at_column": dlt.arrival})
    assert not build.succeeded
    assert "Every table of raw is empty" in build.message
    warehouse.query("drop table raw._dlt_loads")
    build = warehouse.try_build(variables={"loaded_at_column": dlt.arrival})
    assert "_dlt_loads" in build.message and "is missing: dlt writes there" in build.message


@pytest.mark.parametrize(
    ("column", "kind", "value", "expected"),
    [
        ("scheduled_start", "varchar", "'next week'", "timestamp with time zone"),
        ("duration_minutes", "bigint", "3000000000", "integer"),
        ("duration_minutes", "double", "1.5", "integer"),
        ("engagement_score", "varchar", "'high'", "double precision"),
        ("no_show", "varchar", "'perhaps'", "boolean"),
    ],
)
def test_a_value_that_cannot_be_read_stops_a_build(
    column: str, kind: str, value: str, expected: str, new_warehouse: NewDuckDb
) -> None:
    warehouse = new_warehouse()
    warehouse.insert(small_world())
    warehouse.query(f"alter table raw.sessions alter {column} drop not null")
    warehouse.query(f"alter table raw.sessions alter {column} type {kind}")
    warehouse.query(f"update raw.sessions set {column} = {value}")
    build = warehouse.try_build()
    assert not build.succeeded
    shown = value.strip("'")
    assert f"values of raw.sessions.{column} cannot be read as {expected}, such as '{shown}'" in (
        " ".join(build.message.split())
    )


def test_raw_may_lie_in_another_file(new_warehouse: NewDuckDb, tmp_path: Path) -> None:
    """An attached DuckDB file that may only be read, and another schema."""
    warehouse: DuckDbWarehouse = new_warehouse()
    landing = tmp_path / "landing.duckdb"
    with connect_duckdb(landing) as connection:
        ensure_raw_duckdb(connection)
        append_to_duckdb(connection, small_world())
        connection.execute("create schema crm")
        for table in KEYS:
            connection.execute(f"create table crm.{table} as from raw.{table}")
        connection.execute("drop schema raw cascade")
    with warehouse.connection() as connection:
        connection.execute("drop schema raw cascade")
    files = ProjectFiles(tmp_path / "project")
    profiles = files.root / "profiles.yml"
    attached = f"attach: [{{path: '{landing}', alias: landing, read_only: true}}]\n      threads: 2"
    profiles.write_text(profiles.read_text().replace("threads: 2", attached, 1))
    where = {"raw_database": "landing", "raw_schema": "crm"}
    (tmp_path / "parsed").mkdir()
    warehouse.project = DuckDbProject(tmp_path / "parsed", variables=where, root=files.root)
    warehouse.build("--select", "staging", "core", variables=where)
    assert len(warehouse.rows("sessions")) == len(small_world()["sessions"])
    assert warehouse.rows("unreadable_rows", "raw") == []
