"""Warehouses for tests to fill, build and read: one protocol, three engines.

Spark's is imported by name, as it needs packages that the others do not.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.warehouses.duckdb import DuckDbWarehouse
from support.warehouses.postgres import DatabaseFactory, PostgresWarehouse
from support.warehouses.protocol import DatabaseWarehouse, Warehouse

__all__ = [
    "BuiltWorld",
    "DatabaseFactory",
    "DatabaseWarehouse",
    "DuckDbWarehouse",
    "NewDuckDb",
    "NewPostgres",
    "PostgresWarehouse",
    "Warehouse",
    "on_duckdb",
    "on_postgres",
]

BuiltWorld = Callable[..., DatabaseWarehouse]
NewDuckDb = Callable[..., DuckDbWarehouse]
NewPostgres = Callable[[], PostgresWarehouse]

on_duckdb, on_postgres = (
    pytest.mark.parametrize("built_warehouse", [engine], indirect=True, scope="module")
    for engine in ("duckdb", "postgres")
)
"""For tests of what only one engine has."""
