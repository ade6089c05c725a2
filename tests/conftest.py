"""What the tests share: folders, a PostgreSQL server, warehouses, and the order of the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import make_url

from support.folders import temporary_open_folder
from support.project import DuckDbProject, PostgresProject
from support.warehouses import (
    BuiltWorld,
    DatabaseFactory,
    DatabaseWarehouse,
    DuckDbWarehouse,
    NewDuckDb,
    NewPostgres,
    PostgresWarehouse,
)
from support.warehouses.postgres import create_database, drop_database
from tutormax.operations.roles import ROLES, create_role
from tutormax.postgres.commands import url_from_environment
from tutormax.postgres.migrate import migrate
from tutormax.postgres.server import LocalServer

pytest_plugins = ["support.depth", "support.progress"]

LONGEST = ("test_spark", "test_commands", "test_replay", "test_mutants", "test_unit_tests")
"""Files that begin first, or one worker would wait at the end for the other."""

TOGETHER = {
    "test_maintain.py": "test_validate.py",
    "test_reports_browser.py": "test_reports.py",
    "test_unit_tests.py": "test_mutants.py",
    "test_governance.py": "test_mutants.py",
    "test_commands_of_dbt.py": "test_mutants.py",
    "test_constraints.py": "test_must_fail.py",
}
"""Files that share what another has built or parsed."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin first."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file on one worker, as they share what it built; replays share little."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", maxsplit=1)[0].rpartition("/")[2]
            return nodeid if file.startswith("test_replay") else TOGETHER.get(file, file)

    return ByFile(config, log)


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

    @contextmanager
    def fresh(template: str | None = None) -> Iterator[str]:
        url = create_database(postgres_server, template)
        try:
            yield url
        finally:
            drop_database(url)

    return fresh


@pytest.fixture(scope="session")
def migrated_url(postgres_database: DatabaseFactory) -> Iterator[str]:
    """The URL of a migrated database, to be copied and never to be connected to."""
    with postgres_database() as url:
        migrate(url)
        yield url


@pytest.fixture
def postgres_url(postgres_database: DatabaseFactory, migrated_url: str) -> Iterator[str]:
    """The URL of a fresh database with the migrations applied."""
    with postgres_database(template=make_url(migrated_url).database) as url:
        yield url


@pytest.fixture(scope="session")
def dbt_project(tmp_path_factory: pytest.TempPathFactory) -> DuckDbProject:
    return DuckDbProject(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def unit_tested_project(tmp_path_factory: pytest.TempPathFactory) -> DuckDbProject:
    """The project with its unit tests."""
    return DuckDbProject(tmp_path_factory.mktemp("dbt"), unit_tests=True)


@pytest.fixture(scope="session")
def new_warehouse(
    dbt_project: DuckDbProject, tmp_path_factory: pytest.TempPathFactory
) -> NewDuckDb:
    """`new_warehouse()` makes an empty warehouse in DuckDB; `new_warehouse(other)` a copy."""

    def make(original: DuckDbWarehouse | None = None) -> DuckDbWarehouse:
        if original is not None:
            return original.copy()
        return DuckDbWarehouse(dbt_project, tmp_path_factory.mktemp("warehouse"))

    return make


@pytest.fixture(scope="session")
def postgres_project(tmp_path_factory: pytest.TempPathFactory) -> PostgresProject:
    return PostgresProject(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def new_postgres(
    postgres_project: PostgresProject, migrated_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NewPostgres]:
    """`with new_postgres() as warehouse:` makes an empty warehouse in PostgreSQL.

    One that nobody closes is closed at the end.
    """
    empty = PostgresWarehouse(postgres_project, tmp_path_factory.mktemp("postgres"), migrated_url)
    made: list[PostgresWarehouse] = []

    def make() -> PostgresWarehouse:
        made.append(empty.copy())
        return made[-1]

    yield make
    for warehouse in made:
        warehouse.close()


@pytest.fixture(scope="session")
def built_world(request: pytest.FixtureRequest) -> BuiltWorld:
    """`built_world(engine, world)` gives a warehouse that is built once a worker, to be copied.

    `prepare` may add to raw before the build. Roles belong to the whole server: if other tests made
    them after a build, the next would begin to grant.
    """
    kept: dict[Any, DatabaseWarehouse] = {}

    def built(
        engine: str,
        world: Mapping[str, Any],
        prepare: Callable[[DatabaseWarehouse], None] | None = None,
    ) -> DatabaseWarehouse:
        key = engine, repr(world), prepare
        if key not in kept:
            new = {"duckdb": "new_warehouse", "postgres": "new_postgres"}[engine]
            warehouse = kept[key] = request.getfixturevalue(new)()
            for role in ROLES if engine == "postgres" else ():
                warehouse.execute(create_role(role))
            warehouse.insert(world)
            if prepare:
                prepare(warehouse)
            warehouse.build()
        return kept[key]

    return built


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def built_warehouse(
    request: pytest.FixtureRequest, built_world: BuiltWorld
) -> Iterator[DatabaseWarehouse]:
    """A warehouse built from the module's WORLD; its function `prepare` may add to raw."""
    module: ModuleType = request.module
    built = built_world(request.param, module.WORLD, getattr(module, "prepare", None))
    with built.copy() as warehouse:
        yield warehouse


@pytest.fixture
def warehouse(built_warehouse: DatabaseWarehouse) -> Iterator[DatabaseWarehouse]:
    """The built warehouse, put back after the test."""
    yield built_warehouse
    built_warehouse.restore()
