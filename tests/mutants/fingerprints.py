"""What a warehouse holds, in a few numbers that two builds can be compared by."""

from __future__ import annotations

from collections.abc import Iterable

from support.project import Model
from support.warehouses import DuckDbWarehouse as Warehouse

Fingerprints = dict[str, tuple[int, int]]
"""By table: how many rows, and a hash of them."""


def fingerprints(warehouse: Warehouse, models: Iterable[Model]) -> Fingerprints:
    """Rows and a hash of tables, of the plan, runs and comments; instants of audit as ranks."""
    with warehouse.connection() as connection:
        columns: dict[tuple[str, str], list[str]] = {}
        for schema, table, column in connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
            " order by all"
        ).fetchall():
            columns.setdefault((schema, table), []).append(column)
        selects = []
        for model in models:
            held = [
                f'dense_rank() over (order by "{name}")' if name in model.audit else f'"{name}"'
                for name in columns.get((model.schema, model.name), [])
            ]
            if held:
                selects.append(
                    f"select '{model.name}', count(*), sum(hash(told)) from"
                    f" (select row({', '.join(held)}) as told from {model.relation()})"
                )
        selects.append(
            "select 'build_log', count(*), sum(hash(row(source_table, is_full, since_build,"
            " loaded_through, raw_rows))) from staging.build_log"
        )
        selects.extend(
            f"select '{name}', count(*), sum(hash({name})) from staging.{name}"
            for name in ("change_log", "watermarks")
        )
        selects.append(
            "select 'comments', count(*), sum(hash(row(schema_name, table_name, column_name,"
            " comment))) from (from duckdb_columns() select schema_name, table_name,"
            " column_name, comment union all from duckdb_tables() select schema_name,"
            " table_name, '', comment) as told where comment is not null"
        )
        selects.append(
            "select 'runs', count(*), sum(hash(row(build_number, model, as_of_date,"
            " restated_from, rows_inserted, rows_updated, rows_deleted)))"
            " from tutormax.tutormax_runs"
        )
        return {
            name: (count, int(total or 0))
            for name, count, total in connection.execute(" union all ".join(selects)).fetchall()
        }


def changed_rows(warehouse: Warehouse) -> int:
    """How many rows the last build changed."""
    ((n,),) = warehouse.execute(
        "select coalesce(sum(rows_inserted + rows_updated + rows_deleted), 0)"
        " from tutormax.tutormax_runs where build_number ="
        " (select max(build_number) from tutormax.tutormax_runs)"
    )
    return int(n)
