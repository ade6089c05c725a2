"""Which schemas a build makes: those of the warehouse, or of a developer's copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.factories import small_world
from support.project import REPOSITORY, WITHOUT_TESTS
from support.warehouses import DatabaseWarehouse
from tutormax.errors import UserError
from tutormax.operations.project import schema_prefix
from tutormax.warehouse import Target


def profile_of(schema: str, folder: Path) -> Path:
    """A developer's own profile."""
    folder.mkdir()
    text = (REPOSITORY / "profiles.yml").read_text(encoding="utf-8")
    assert text.count("schema: tutormax") == 3
    (folder / "profiles.yml").write_text(text.replace("schema: tutormax", f"schema: {schema}"))
    return folder


@pytest.mark.deep("postgres")
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_the_schema_of_a_profile_makes_a_copy(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = {"duckdb": "new_warehouse", "postgres": "new_postgres"}[engine]
    warehouse: DatabaseWarehouse = request.getfixturevalue(new)()
    warehouse.insert(small_world())
    warehouse.environment["DBT_PROFILES_DIR"] = str(profile_of("dbt_alice", tmp_path / "own"))
    warehouse.process("dbt", "build", *WITHOUT_TESTS)
    schemas = {
        schema
        for (schema,) in warehouse.execute(
            "select distinct table_schema from information_schema.tables "
            "where table_schema not in ('pg_catalog', 'information_schema', 'public')"
        )
    }
    copied = {f"dbt_alice_{name}" for name in ("tutormax", "staging", "intermediate", "analyst")}
    assert schemas == {"raw", "archive", *copied}
    said = warehouse.process("tutormax", "summary", "--target", engine)
    assert "Raw rows" in said and "Tiers:" in said
    assert "prefix dbt_alice_" in warehouse.refused("archive", "--target", engine)
    monkeypatch.setenv("TUTORMAX_SCHEMA_PREFIX", "")
    said = warehouse.refused("summary", "--target", engine)
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
