"""What a profile of one's own changes: the schemas, and no row, whatever its time zone.

What tests run in their own process is patched (see support/dbt_speedups.py); the copy is built by a
process of dbt's own, which is not, and has the same rows.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.factories import random_world, session, tutor, utc
from support.project import REPOSITORY, WITHOUT_TESTS, kept_models
from support.tables import merged
from support.warehouses import DatabaseWarehouse
from tutormax.errors import UserError
from tutormax.operations.project import schema_prefix
from tutormax.warehouse import Target

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


def profile_of(schema: str, folder: Path) -> Path:
    """A developer's own profile, in a time zone of its own."""
    folder.mkdir()
    text = (REPOSITORY / "profiles.yml").read_text(encoding="utf-8")
    assert text.count("schema: tutormax") == 3
    assert text.count("TimeZone: UTC") == 1
    text = text.replace("schema: tutormax", f"schema: {schema}")
    (folder / "profiles.yml").write_text(text.replace("TimeZone: UTC", f"TimeZone: {ZONE}"))
    return folder


@pytest.mark.deep
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_a_profile_with_another_schema_and_time_zone_makes_a_copy_with_the_same_rows(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = {"duckdb": "new_warehouse", "postgres": "new_postgres"}[engine]
    here: DatabaseWarehouse = request.getfixturevalue(new)()
    here.insert(WORLD)
    with here.copy() as there:
        here.build()
        published = here.published("rejected_records", "sessions")
        assert len(published["rejected_records"]) == 3
        assert published["sessions"]["accepted"]["scheduled_start"] == utc("2000-01-01")
        there.environment["DBT_PROFILES_DIR"] = str(profile_of("dbt_alice", tmp_path / "own"))
        there.environment["TZ"] = ZONE
        there.process("dbt", "build", *WITHOUT_TESTS)
        schemas = {
            schema
            for (schema,) in there.execute(
                "select distinct table_schema from information_schema.tables "
                "where table_schema not in ('pg_catalog', 'information_schema', 'public')"
            )
        }
        made = ("tutormax", "staging", "intermediate", "analyst")
        assert schemas == {"raw", "archive", *(f"dbt_alice_{name}" for name in made)}
        tables = {model.relation(): model.audit for model in kept_models(here.manifest)}
        theirs = there.texts({f"dbt_alice_{table}": audit for table, audit in tables.items()})
        for table, rows in here.texts(tables).items():
            assert rows == theirs[f"dbt_alice_{table}"], table
        said = there.command("summary", "--target", engine)
        assert "Raw rows" in said and "Tiers:" in said
        assert "prefix dbt_alice_" in there.refused("archive", "--target", engine)
        monkeypatch.setenv("TUTORMAX_SCHEMA_PREFIX", "")
        said = there.refused("summary", "--target", engine)
        assert " rows loaded, not built yet. There are no published tables" in said


def test_where_a_prefix_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    assert schema_prefix(Target.DUCKDB) == ""
    monkeypatch.setenv(
        "DBT_PROFILES_DIR", str(profile_of("\"{{ env_var('OWN') }}\"", tmp_path / "a"))
    )
    with pytest.raises(UserError, match="needs the environment variable OWN"):
        schema_prefix(Target.POSTGRES)
    monkeypatch.setenv("OWN", "bob")
    assert schema_prefix(Target.POSTGRES) == "bob_"
    monkeypatch.setenv("TUTORMAX_SCHEMA_PREFIX", "")
    assert schema_prefix(Target.POSTGRES) == ""
    monkeypatch.setenv("TUTORMAX_SCHEMA_PREFIX", "dev-")
    with pytest.raises(UserError, match="'dev-', which is not an identifier"):
        schema_prefix(Target.POSTGRES)
    monkeypatch.delenv("TUTORMAX_SCHEMA_PREFIX")
    shutil.rmtree(tmp_path / "a")
    with pytest.raises(UserError, match="has no target postgres of a profile tutormax"):
        schema_prefix(Target.POSTGRES)
