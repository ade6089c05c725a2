"""What the tests share: folders, a PostgreSQL server for the session, databases on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from sqlalchemy import make_url

from support.folders import temporary_open_folder
from support.warehouses.both_engines import DuckDbWarehouse, EngineWarehouse
from support.warehouses.both_engines import PostgresWarehouse as BothPostgresWarehouse
from support.warehouses.duckdb import Project, Warehouse, WarehouseFactory
from support.warehouses.postgres import WORLD, DatabaseFactory, PostgresProject, PostgresWarehouse
from tutormax.operations.roles import ROLES, create_role
from tutormax.postgres.commands import url_from_environment
from tutormax.postgres.migrate import migrate
from tutormax.postgres.server import LocalServer

pytest_plugins = ["support.depth", "support.progress"]

SHARES_OF_REPLAYS = 10
LONGEST = ("test_spark", "test_mutants", "test_plain_build")
"""Files that begin first, or one worker would wait at the end for the other."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep the tests of a file on one worker, as they share what it built; replays share little."""
    group = item.path.stem
    seed = item.callspec.params.get("seed") if hasattr(item, "callspec") else None
    if seed is not None:
        group += f"-{seed % SHARES_OF_REPLAYS}"
    item.add_marker(pytest.mark.xdist_group(group))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin first."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may pass through, removed afterwards."""
    with temporary_open_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server to make databases on: the one TUTORMAX_PG_HOST names, else our own.

    Our own is one a worker, begins with the first test that asks, and ends with the worker, even if
    that is killed.
    """
    named = url_from_environment()
    if named is not None:
        yield named
        return
    with temporary_open_folder() as folder:
        server = LocalServer(folder / "data", durable=False)
        server.start(attached=True)
        try:
            yield server.url("postgres")
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> DatabaseFactory:
    """`with postgres_database() as url:` makes a database and drops it, in fixtures of any scope.

    `template=` names a database to copy; nobody may be connected to it.
    """

    def execute(statement: str) -> None:
        connection = psycopg2.connect(postgres_server)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    @contextmanager
    def fresh(template: str | None = None) -> Iterator[str]:
        name = f"tutormax_test_{uuid4().hex}"
        execute(f"create database {name}" + (f" template {template}" if template else ""))
        try:
            yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
        finally:
            execute(f"drop database {name} with (force)")

    return fresh


@pytest.fixture(scope="session")
def postgres_template(postgres_database: DatabaseFactory) -> Iterator[str]:
    """The name of a migrated database, to be copied and never to be connected to."""
    with postgres_database() as url:
        migrate(url)
        name = make_url(url).database
        assert name
        yield name


@pytest.fixture
def postgres_url(postgres_database: DatabaseFactory, postgres_template: str) -> Iterator[str]:
    """The URL of a fresh database with the migrations applied."""
    with postgres_database(template=postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_project(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PostgresProject]:
    """The dbt project parsed for PostgreSQL: `with postgres_project.warehouse() as warehouse:`."""
    project = PostgresProject(postgres_server, tmp_path_factory.mktemp("dbt"))
    yield project
    project.close()


@pytest.fixture(scope="session")
def dbt_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def new_warehouse(
    dbt_project: Project, tmp_path_factory: pytest.TempPathFactory
) -> WarehouseFactory:
    """`new_warehouse()` makes an empty warehouse; `new_warehouse(other)` a copy of another."""

    def make(original: Warehouse | None = None) -> Warehouse:
        folder = tmp_path_factory.mktemp("warehouse")
        return Warehouse(dbt_project, folder) if original is None else original.copy(folder)

    return make


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def built_warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EngineWarehouse]:
    """A warehouse built from the module's WORLD; its function `prepare` may add to raw."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "duckdb":
        yield built(request, DuckDbWarehouse(folder))
        return
    with request.getfixturevalue("postgres_database")() as url:
        warehouse = BothPostgresWarehouse(folder, url)
        try:
            yield built(request, warehouse)
        finally:
            warehouse.drop_saved()


def built(request: pytest.FixtureRequest, warehouse: EngineWarehouse) -> EngineWarehouse:
    warehouse.insert(request.module.WORLD)
    getattr(request.module, "prepare", lambda _: None)(warehouse)
    warehouse.build()
    warehouse.save()
    return warehouse


@pytest.fixture
def warehouse(built_warehouse: EngineWarehouse) -> Iterator[EngineWarehouse]:
    """The built warehouse, put back after the test."""
    yield built_warehouse
    built_warehouse.restore()


@pytest.fixture(scope="session")
def built_database(postgres_project: PostgresProject) -> str:
    """The name of a database with WORLD in raw, built once, with the roles granted what is theirs.

    Roles belong to the whole server: if other tests made them later, builds would begin to grant.
    """
    with postgres_project.warehouse() as warehouse:
        for role in ROLES:
            warehouse.execute(create_role(role))
        warehouse.insert(WORLD)
        warehouse.build()
        return warehouse.keep()


@pytest.fixture
def postgres_warehouse(
    postgres_project: PostgresProject, built_database: str
) -> Iterator[PostgresWarehouse]:
    """A fresh copy of the built database."""
    with postgres_project.warehouse(built_database) as warehouse:
        yield warehouse
