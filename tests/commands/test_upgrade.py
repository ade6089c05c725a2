"""A warehouse that an earlier version has built is built on: no history, archive or sum is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import pytest

from support.factories import random_world, session, utc
from support.project import REPOSITORY
from support.tables import Row, merged
from support.warehouses import DatabaseWarehouse, NewDuckDb

BEFORE = "3236898"
"""The last commit before the change log."""

EXACT_NOW = {"engagement_score", "updated_at"}
"""Its last digit was not that of the one division that it is; see CHANGELOG.md."""

WORLD = merged(
    random_world(13, days=10, first_day="2022-03-01"),
    {"sessions": [session("x-recent", "tutor-2", "student-1", "2024-03-10 10:00")]},
)
LATER = utc("2025-08-01 00:00")
COMMAND = "from tutormax.cli import app; app()"


def releases() -> list[str]:
    """Every version that was released, and the one before the first."""
    tags = subprocess.run(
        ["git", "tag", "--sort=creatordate"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return [BEFORE, *tags.stdout.split()]


@pytest.fixture
def earlier(release: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project and the package as they were."""
    held = subprocess.run(
        ["git", "archive", release], cwd=REPOSITORY, capture_output=True, check=False
    )
    if held.returncode:
        pytest.skip(f"this clone does not reach back to {release}")
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(fileobj=BytesIO(held.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def as_before(earlier: Path, environment: Mapping[str, str], *words: str) -> None:
    """Run a command of the earlier version."""
    done = subprocess.run(
        words,
        cwd=earlier,
        env=dict(os.environ)
        | environment
        | {"PYTHONPATH": str(earlier), "DBT_TARGET_PATH": "target", "DBT_LOG_PATH": "logs"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.deep
@pytest.mark.parametrize("release", releases())
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_an_earlier_warehouse_is_built_on(
    engine: str, earlier: Path, request: pytest.FixtureRequest
) -> None:
    new = {"duckdb": "new_warehouse", "postgres": "new_postgres"}[engine]
    warehouse: DatabaseWarehouse = request.getfixturevalue(new)()
    dbt = str(Path(sys.executable).with_name("dbt"))
    build = (
        dbt,
        "build",
        "--exclude-resource-type",
        "test",
        "--exclude-resource-type",
        "unit_test",
    )
    environment = warehouse.environment
    warehouse.insert(WORLD)
    as_before(earlier, environment, *build)
    as_before(earlier, environment, sys.executable, "-c", COMMAND, "archive")
    is_built_on(warehouse)


AS_BEFORE = (
    """
    create table archive.retained_pending_feedback as
    select
        tutor_id,
        session_day,
        submitted_day,
        case when n = 1 then rating_sum - 3 * (ratings - 1) else 3 end as overall_rating,
        case when n <= first_successes then 5 when n <= first_ratings then 1 end
            as first_session_rating
    from archive.retained_pending_ratings, generate_series(1, ratings) as numbers (n)
    """,
    "drop table archive.retained_pending_ratings",
    "drop table archive.retained_sessions",
    "drop table archive.tombstones",
    "drop table staging.watermarks",
    "drop table staging.change_log",
    "drop table staging.build_log",
)
"""Gives what the project keeps the form that it had before the change log."""


def test_tables_of_an_earlier_form_are_built_on(new_warehouse: NewDuckDb) -> None:
    with new_warehouse() as warehouse:
        warehouse.insert(WORLD)
        warehouse.build()
        warehouse.command("archive")
        for statement in AS_BEFORE:
            warehouse.execute(statement)
        is_built_on(warehouse)


def is_built_on(warehouse: DatabaseWarehouse) -> None:
    """Build twice: nothing is lost, first all is computed, then what is new."""
    before = {
        table: rows_of(warehouse, table) for table in ("tutor_performance_metrics", "sessions")
    }
    sums = warehouse.execute("select sum(sessions) from archive.retained_tutor_days")
    pending = warehouse.execute(
        "select count(*), sum(overall_rating), count(first_session_rating) "
        "from archive.retained_pending_feedback"
    )
    predicted = rows_of(warehouse, "churn_predictions")
    (last,) = warehouse.execute("select max(build_number) from tutormax.tutormax_runs")[0]
    assert before["tutor_performance_metrics"] and sums[0][0] > 0 and pending[0][0] > 0

    upgrade = warehouse.try_build()  # with the seeds that are new
    assert upgrade.succeeded, upgrade.message
    assert {table: rows_of(warehouse, table) for table in before} == before
    assert rows_of(warehouse, "churn_predictions", [*predicted[0]]) == predicted
    assert warehouse.execute("select sum(sessions) from archive.retained_tutor_days") == sums
    assert pending == warehouse.execute(
        "select sum(ratings), sum(rating_sum), sum(first_ratings) "
        "from archive.retained_pending_ratings"
    )
    assert "archive.retained_pending_feedback" not in warehouse.everything()
    assert logged(warehouse)[-1] == (last + 1, True)

    warehouse.insert(
        {
            "sessions": [
                session("x-new", "tutor-2", "student-1", "2024-03-12 10:00", _loaded_at=LATER)
            ]
        }
    )
    warehouse.build()
    assert logged(warehouse)[-1] == (last + 2, False)
    assert lacking(warehouse) == []


def rows_of(
    warehouse: DatabaseWarehouse, table: str, columns: Sequence[str] | None = None
) -> list[Row]:
    """All rows, by default with all columns but those that are computed in another way now."""
    rows = (
        {name: row[name] for name in columns or row if name not in EXACT_NOW}
        for row in warehouse.rows(table)
    )
    return sorted(rows, key=repr)


def lacking(warehouse: DatabaseWarehouse) -> list[str]:
    """Columns of tables that the project keeps, which the warehouse does not have."""
    found = warehouse.execute(
        "select table_schema, table_name, column_name from information_schema.columns"
    )
    return [
        f"{source.schema}.{source.name}.{column}"
        for source in warehouse.manifest.sources.values()
        for column in source.columns
        if (source.schema, source.identifier, column) not in found
    ]


def logged(warehouse: DatabaseWarehouse) -> list[tuple[int, bool]]:
    return [
        (number, is_full)
        for number, is_full in warehouse.execute(
            "select build_number, bool_or(is_full) from staging.build_log group by 1 order by 1"
        )
    ]
