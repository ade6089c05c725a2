"""The versions of DuckDB and dbt that `pyproject.toml` allows build the project, without a warning.

Each is installed into a folder that Python searches before its own environment.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import duckdb
import pytest
import yaml

from support.factories import small_world
from support.project import REPOSITORY, at
from support.replay.whims import assert_equals_full_build, load_seeds
from support.replay.worlds import random_slices
from support.warehouses import DatabaseWarehouse, NewDuckDb
from support.warehouses.duckdb import append_to_duckdb
from tutormax.errors import UserError
from tutormax.warehouse import DUCKDB_CONFIG, connect_duckdb, ensure_raw_duckdb

OLDEST_FORMAT = "v1.4.0+"
READ_SCORES = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as con:
    print(duckdb.__version__, *con.execute(
        "select (select count(*) from tutormax.churn_predictions),"
        " (select count(*) from tutormax.metric_sessions)"
    ).fetchone())
"""
Install = Callable[[str], Path]


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Install one package, without what it needs, into a folder that is kept for the tests."""
    folders: dict[str, Path] = {}

    def once(package: str) -> Path:
        if package not in folders:
            folder = tmp_path_factory.mktemp("packages")
            words = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, package]
            subprocess.run([sys.executable, *words], check=True)
            folders[package] = folder
        return folders[package]

    return once


def run(package: Path, *words: str | Path, env: Mapping[str, str], code: int = 0) -> str:
    """What Python prints with the package in place of its own, or its errors if it is to fail."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=REPOSITORY,
        env={**os.environ, **env, "PYTHONPATH": f"{package}:{REPOSITORY}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stderr if code else done.stdout


def built_in_slices(
    warehouse: DatabaseWarehouse, package: Path, *options: str, unit_tests: bool = False
) -> Iterator[str]:
    """Build twice and test, with the package; the second build finds rows that came later."""
    *first, last = random_slices(3)
    for slices, tested in ((first, unit_tests), ([last], False)):
        for held in slices:
            warehouse.insert(held)
        env = warehouse.environment | {"TUTORMAX_UNIT_TESTS": "1" if tested else "0"}
        start = "from dbt.cli.main import cli; cli()"
        yield run(package, "-c", start, *options, "build", env=env)


def storage_version(connection: duckdb.DuckDBPyConnection) -> str:
    (tags,) = connection.execute(
        "select tags from duckdb_databases() where database_name = current_database()"
    ).fetchall()[0]
    return tags["storage_version"]


def load(path: Path) -> None:
    with connect_duckdb(path) as connection:
        ensure_raw_duckdb(connection)
        append_to_duckdb(connection, small_world())


def test_dbt_and_the_commands_make_files_of_one_format(tmp_path: Path) -> None:
    profiles = yaml.safe_load((REPOSITORY / "profiles.yml").read_text())
    assert profiles["tutormax"]["outputs"]["duckdb"]["config_options"] == DUCKDB_CONFIG
    with connect_duckdb(tmp_path / "new.duckdb") as connection:
        assert storage_version(connection) == OLDEST_FORMAT


def test_a_file_of_a_newer_format_stays_in_use(tmp_path: Path) -> None:
    path = tmp_path / "newer.duckdb"
    with duckdb.connect(str(path), config={"storage_compatibility_version": "latest"}) as newer:
        before = storage_version(newer)
    assert before != OLDEST_FORMAT
    load(path)
    with connect_duckdb(path) as connection:
        assert storage_version(connection) == before
        assert connection.execute("from raw.tutors").fetchall()


def test_a_spoiled_file_is_not_called_locked(tmp_path: Path) -> None:
    path = tmp_path / "spoiled.duckdb"
    load(path)
    with path.open("r+b") as file:
        file.seek(12)
        file.write((999).to_bytes(8, "little"))
    with pytest.raises(UserError, match=r"cannot be opened: Corrupt"):
        connect_duckdb(path)


@pytest.mark.deep
def test_a_file_of_a_newer_format_is_refused_with_a_sentence(
    install: Install, tmp_path: Path
) -> None:
    path = tmp_path / "newer.duckdb"
    with duckdb.connect(str(path), config={"storage_compatibility_version": "latest"}):
        pass
    start = "from tutormax.cli import app; app()"
    said = run(install("duckdb==1.5.*"), "-c", start, "summary", env=at(path), code=1)
    assert re.search(r"has a format that DuckDB 1\.5\.\d+ cannot read: install a newer one", said)


@pytest.mark.deep
@pytest.mark.parametrize("builds_with", ["duckdb==1.5.*", "duckdb>=2,<3"])
def test_versions_of_duckdb_build_a_file_that_1_4_and_1_5_read(
    install: Install, new_warehouse: NewDuckDb, builds_with: str
) -> None:
    with new_warehouse() as warehouse:
        # Unit tests compare all digits, and DuckDB 1.5 gives some probabilities another last one.
        for said in built_in_slices(warehouse, install(builds_with)):
            assert "Completed successfully" in said
        counts = set()
        for reads_with in ("duckdb==1.4.0", "duckdb==1.5.*"):
            read = run(install(reads_with), "-c", READ_SCORES, warehouse.path, env={})
            version, *found = read.split()
            assert version.startswith(reads_with.removeprefix("duckdb==").rstrip("*"))
            counts.add(tuple(found))
    (numbers,) = counts
    assert "0" not in numbers


@pytest.mark.deep
@pytest.mark.parametrize("version", ["1.11", "1.12"])
@pytest.mark.parametrize("new", ["new_warehouse", "new_postgres"])
def test_versions_of_dbt_build_and_test_without_a_warning(
    install: Install, request: pytest.FixtureRequest, new: str, version: str
) -> None:
    # Version 1.12 requires a parser that does not install everywhere; nothing here uses it.
    core = install(f"dbt-core=={version}.*")
    strict = ("--warn-error-options", '{"error": ["Deprecations"]}', "--no-partial-parse")
    make = request.getfixturevalue(new)
    with make() as warehouse:
        for said in built_in_slices(warehouse, core, *strict, unit_tests=True):
            assert f"Running with dbt={version}." in said
            assert "Completed successfully" in said
        assert_equals_full_build(warehouse, load_seeds(make()))
