"""Results depend on no time zone, of the machine or of the database session, and on no speedup.

What tests run in their own process is patched (see support/dbt_speedups.py); a process of dbt's own
is not.
"""

from __future__ import annotations

from pathlib import Path

from support.factories import random_world, session, tutor, utc
from support.project import REPOSITORY, WITHOUT_TESTS, DuckDbProject, kept_models
from support.tables import merged
from support.warehouses import NewDuckDb

ZONE = "America/New_York"

# Summer time begins there on 2025-03-09. Refused rows are there for their records to be compared.
WORLD = merged(
    random_world(23, days=16),
    {
        "tutors": [tutor("refused", onboarding_date=utc("2025-03-09 02:30"), status="unknown")],
        "sessions": [
            session("refused-1", "tutor-1", "student-1", "1999-12-31 23:30"),
            session("refused-2", "tutor-1", "nobody", "2025-03-09 06:59:59.999999"),
            session("accepted", "tutor-1", "student-1", "2000-01-01 00:00"),
        ],
    },
)


def profiles_in(zone: str, folder: Path) -> None:
    profiles = (REPOSITORY / "profiles.yml").read_text()
    assert profiles.count("TimeZone: UTC") == 1
    (folder / "profiles.yml").write_text(profiles.replace("TimeZone: UTC", f"TimeZone: {zone}"))


def test_another_time_zone_gives_the_same_rows(
    dbt_project: DuckDbProject, new_warehouse: NewDuckDb, tmp_path: Path
) -> None:
    here = new_warehouse()
    here.insert(WORLD)
    there = new_warehouse(here)
    here.build()
    profiles_in(ZONE, tmp_path)
    build = dbt_project.command_line(
        "build", *WITHOUT_TESTS, "--profiles-dir", tmp_path, path=there.path, TZ=ZONE
    )
    assert build.returncode == 0, build.stdout + build.stderr
    published = here.published()
    assert len(published["rejected_records"]) == 3
    assert published["sessions"]["accepted"]["scheduled_start"] == utc("2000-01-01")
    assert there.published() == published
    tables = {model.relation(): model.audit for model in kept_models(dbt_project.manifest)}
    theirs = there.texts(tables)
    for table, ours in here.texts(tables).items():
        assert ours == theirs[table], table
