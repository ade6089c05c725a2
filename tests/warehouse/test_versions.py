"""A model with versions, as docs/production.md makes them, is built on like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.project import Project
from support.project_copy import ProjectFiles
from support.replay.whims import assert_equals_full_build, build
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
SEEDED = {"duckdb": "seeded", "postgres": "seeded_on_postgres"}


def with_versions(project: Project, folder: Path, models: list[str]) -> Project:
    """The project in which the models have two versions."""
    files = ProjectFiles(folder / "project")
    for model in models:
        files.add_version(f"models/{model}", REMOVED[model])
    (folder / "parsed").mkdir()
    return type(project)(folder / "parsed", root=files.root, like=project)


@pytest.mark.deep("postgres")
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
@pytest.mark.depth("models", quick=["all"], deep=["all", *REMOVED])
def test_versions_come_between_slices(
    models: str, engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Corrections that change no key, too, reach what reads the version."""
    seeded: DatabaseWarehouse = request.getfixturevalue(SEEDED[engine])
    names = [*REMOVED] if models == "all" else [models]
    versioned = with_versions(seeded.project, tmp_path, names)
    slices = random_slices(2)
    assert len(slices) == 3
    with seeded.copy() as warehouse:
        for at, held in enumerate(slices):
            warehouse.insert(held)
            if at == 1:
                build(warehouse)
                warehouse.project = versioned
            if at == 2:
                ((student,),) = warehouse.execute("select min(student_id) from tutormax.sessions")
                warehouse.command("erase", "student", student, "--yes")
            if at:
                build(warehouse)
        assert_equals_full_build(warehouse, seeded)
        for model in names:
            name = Path(model).name
            has_audit = model.startswith("marts") or "rejected" in model
            without = AUDIT_COLUMNS if has_audit else {REMOVED[model]}
            tables = [f"tutormax.{name}", f"tutormax.{name}_v2"]
            one, other = warehouse.texts(dict.fromkeys(tables, without)).values()
            assert one and one == other
        for table in ("students", "sessions", "student_feedback"):
            for version in warehouse.execute(
                "select table_name from information_schema.tables where table_schema = 'tutormax'"
                f" and table_name in ('{table}', '{table}_v2')"
            ):
                mine = f"select 1 from tutormax.{version[0]} where student_id = '{student}'"
                assert warehouse.execute(mine) == []
