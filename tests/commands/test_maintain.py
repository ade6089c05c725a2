"""`tutormax maintain`, and the dbt operations of the same: statistics, vacuum, sizes."""

from __future__ import annotations

from functools import partialmethod
from io import StringIO

import agate
import pytest
from test_validate import WORLD

from support.warehouses import DatabaseWarehouse, DuckDbWarehouse, on_duckdb, on_postgres

TABLES = ("raw", "tutors"), ("tutormax", "sessions"), ("staging", "build_log")


def rows_of(printed: str, schema: str, table: str) -> int:
    """The last number in the printed line of a table."""
    (line,) = [
        line
        for line in printed.splitlines()
        if line.replace("|", " ").split()[:2] == [schema, table]
    ]
    return int(line.replace("|", " ").split()[-1].replace(",", ""))


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What tables are printed to: agate keeps the output that was there when it was imported."""
    output = StringIO()
    print_table = partialmethod(agate.Table.print_table, output=output)
    monkeypatch.setattr(agate.Table, "print_table", print_table)
    return output


def test_sizes_are_printed_and_no_row_changes(
    warehouse: DatabaseWarehouse, printed: StringIO
) -> None:
    """By both commands, each on one of the engines: what is printed is one macro's on both."""
    before = warehouse.everything()
    if warehouse.target == "duckdb":
        warehouse.command("maintain")
    else:
        assert warehouse.dbt("run-operation", "maintain").succeeded
    table = printed.getvalue()
    for heading in ("schemaname", "tablename", "size", "rows"):
        assert heading in table
    for schema, name in TABLES:
        assert rows_of(table, schema, name) == len(before[f"{schema}.{name}"])
    assert warehouse.everything() == before


@pytest.mark.deep
def test_the_table_of_sizes_alone(warehouse: DatabaseWarehouse) -> None:
    printed = warehouse.process("dbt", "--quiet", "run-operation", "table_sizes")
    assert rows_of(printed, "tutormax", "sessions") in (0, len(WORLD["sessions"]))


@on_postgres
def test_postgres_is_vacuumed_and_analyzed(warehouse: DatabaseWarehouse) -> None:
    warehouse.execute("delete from tutormax.interventions")
    warehouse.command("maintain")
    warehouse.execute("select pg_stat_force_next_flush()")
    assert warehouse.execute(
        "select last_vacuum is not null, last_analyze is not null, n_dead_tup from "
        "pg_stat_user_tables where schemaname = 'tutormax' and relname = 'interventions'"
    ) == [(True, True, 0)]
    assert warehouse.execute("select count(*) from pg_stats where schemaname = 'raw'") != [(0,)]


@on_duckdb
def test_duckdb_writes_its_log_into_the_file(warehouse: DatabaseWarehouse) -> None:
    assert warehouse.dbt("run-operation", "maintain").succeeded
    assert not list(warehouse.folder.glob("*.wal"))


@on_postgres
def test_without_a_server(warehouse: DatabaseWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(warehouse.environment, "TUTORMAX_PG_PORT", "1")
    assert "PostgreSQL" in warehouse.refused("maintain")


@on_duckdb
def test_without_a_file(warehouse: DatabaseWarehouse) -> None:
    assert isinstance(warehouse, DuckDbWarehouse)
    warehouse.path.unlink()
    assert "no DuckDB warehouse" in warehouse.refused("maintain")
    assert not warehouse.path.exists()
