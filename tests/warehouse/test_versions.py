"""A model with versions, as docs/production.md makes them, is built on like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.project import DuckDbProject, PostgresProject, Project
from support.project_copy import ProjectFiles
from support.replay.whims import assert_equals_full_build, build, load_seeds
from support.replay.worlds import random_slices
from support.warehouses import DatabaseWarehouse

REMOVED = {
    "core/tutors": "education_level",
    "core/students": "grade_level",
    "core/sessions": "technical_issues",
    "core/student_feedback": "free_text_feedback",
    "core/tutor_events": "created_at",
    "core/interventions": "notes",
    "core/rejected_records": "",
    "marts/performance/tutor_performance_metrics": "",
    "marts/churn/churn_predictions": "",
}
"""Models, and the column that version 2 does not have."""

AUDIT_COLUMNS = {"created_at", "updated_at", "rejected_at"}
NEW = {"duckdb": "new_warehouse", "postgres": "new_postgres"}
PROJECTS: dict[str, type[DuckDbProject] | type[PostgresProject]] = {
    "duckdb": DuckDbProject,
    "postgres": PostgresProject,
}


def with_versions(engine: str, folder: Path, models: list[str]) -> Project:
    """The project in which the models have two versions."""
    files = ProjectFiles(folder / "project")
    for model in models:
        files.add_version(f"models/{model}", REMOVED[model])
    (folder / "parsed").mkdir()
    return PROJECTS[engine](folder / "parsed", root=files.root)


@pytest.mark.deep("postgres")
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
@pytest.mark.depth("models", quick=["all"], deep=["all", *REMOVED])
def test_versions_come_between_slices(
    models: str, engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Corrections that change no key, too, reach what reads the version."""
    versioned = with_versions(engine, tmp_path, [*REMOVED] if models == "all" else [models])
    seeded: DatabaseWarehouse = load_seeds(request.getfixturevalue(NEW[engine])())
    slices = random_slices(3)
    with seeded.copy() as warehouse:
        for at, held in enumerate(slices):
            warehouse.insert(held)
            if at == 1:
                build(warehouse)
                warehouse.project = versioned
            if at:
                build(warehouse)
        assert_equals_full_build(warehouse, seeded)
        for model in REMOVED if models == "all" else [models]:
            name = Path(model).name
            audit = {"created_at", "updated_at", "rejected_at"}
            without = (
                audit if model.startswith("marts") or "rejected" in model else {REMOVED[model]}
            )
            tables = [f"tutormax.{name}", f"tutormax.{name}_v2"]
            one, other = warehouse.texts(dict.fromkeys(tables, without)).values()
            assert one and one == other
        ((student,),) = warehouse.execute("select min(student_id) from tutormax.sessions")
        warehouse.command("erase", "student", student, "--yes")
        build(warehouse)
        for table in ("students", "sessions", "student_feedback"):
            for version in warehouse.execute(
                "select table_name from information_schema.tables where table_schema = 'tutormax'"
                f" and table_name in ('{table}', '{table}_v2')"
            ):
                mine = f"select 1 from tutormax.{version[0]} where student_id = '{student}'"
                assert warehouse.execute(mine) == []
