"""The project as a package of another dbt project, which writes what docs/package.md lists."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.factories import small_world
from support.project import REPOSITORY, WITHOUT_TESTS, dbt_command
from support.warehouses import DatabaseWarehouse

PAGE = (REPOSITORY / "docs" / "package.md").read_text(encoding="utf-8")
PROFILE = """
my_project:
  target: "{{ env_var('TUTORMAX_TARGET') }}"
  outputs:
    duckdb:
      type: duckdb
      path: "{{ env_var('TUTORMAX_DUCKDB_PATH', '') }}"
      schema: analytics
      settings: {TimeZone: UTC}
    postgres:
      type: postgres
      host: "{{ env_var('TUTORMAX_PG_HOST', '') }}"
      port: "{{ env_var('TUTORMAX_PG_PORT', '0') | as_number }}"
      user: "{{ env_var('TUTORMAX_PG_USER', '') }}"
      password: "{{ env_var('TUTORMAX_PG_PASSWORD', '') }}"
      dbname: "{{ env_var('TUTORMAX_PG_DATABASE', '') }}"
      schema: analytics
"""
PROJECT = """
name: my_project
version: 1.0.0
profile: my_project
vars: {theirs: 1, tutormax: {min_delete_rows: 7}}
models:
  my_project: {+materialized: incremental, +contract: {enforced: true}, +on_schema_change: fail}
  tutormax:
    core: {+schema: tutoring}
    marts: {interventions: {intervention_effectiveness: {+enabled: false}}}
seeds: {tutormax: {churn: {churn_risk_bands: {+enabled: false}}}}
exposures: {tutormax: {+enabled: false}}
"""
CONTRACT = """
models:
  - name: mine
    columns:
      - name: tutor_id
        data_type: varchar
        description: A tutor.
        constraints: [{type: primary_key}]
sources:
  - name: raw
    schema: elsewhere
    tables: [{name: theirs}]
"""


class Other:
    """A project that installs this one, and its warehouse."""

    def __init__(self, folder: Path, warehouse: DatabaseWarehouse) -> None:
        self.folder = folder
        self.warehouse = warehouse
        self.blocks = re.findall(r"```(?:yaml|sql)\n(.*?)```", PAGE, re.DOTALL)
        assert len(self.blocks) == 3
        packages, self.dispatch, self.macros = (
            re.sub("^   ", "", b, flags=re.M) for b in self.blocks
        )
        for name in ("models", "macros", "seeds"):
            (folder / name).mkdir(parents=True)
        self.write("packages.yml", packages.replace("../tutormax", str(REPOSITORY)))
        self.write("profiles.yml", PROFILE)
        only_once = "{% if is_incremental() %}where false{% endif %}"
        self.write(
            "models/mine.sql",
            f"select tutor_id from {{{{ ref('tutormax', 'tutors') }}}} {only_once}",
        )
        self.write("models/mine.yml", CONTRACT)
        bands = REPOSITORY / "seeds" / "churn" / "churn_risk_bands.csv"
        shutil.copy(bands, folder / "seeds")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def dbt(self, *words: str, fails: bool = False) -> str:
        env = self.warehouse.environment | {"DBT_PROFILES_DIR": str(self.folder), "NO_COLOR": "1"}
        done = subprocess.run(
            dbt_command(*words),
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)} | env,
            timeout=600,
        )
        said = " ".join((done.stdout + done.stderr).split())
        assert "Traceback" not in said
        assert (done.returncode != 0) is fails, said
        return said


@pytest.mark.deep
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_another_project_builds_it_as_a_package(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    new = {"duckdb": "new_warehouse", "postgres": "new_postgres"}[engine]
    warehouse: DatabaseWarehouse = request.getfixturevalue(new)()
    warehouse.insert(small_world())
    other = Other(tmp_path / "other", warehouse)

    other.write("dbt_project.yml", PROJECT)
    other.dbt("deps")
    said = other.dbt("build", "--select", "tutors", fails=True)
    assert (
        "my_project installs tutormax as a package without dispatch and the materialization" in said
    )

    other.write("dbt_project.yml", PROJECT + other.dispatch)
    other.write("macros/tutormax.sql", other.macros)
    other.dbt("build", *WITHOUT_TESTS, "--vars", "{theirs: 2, nobodys: 3}")
    tables = {
        (schema, table)
        for schema, table in warehouse.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema like 'analytics%'"
        )
    }
    assert {schema for schema, _ in tables} == {
        "analytics",
        "analytics_tutoring",
        "analytics_tutormax",
        "analytics_staging",
        "analytics_intermediate",
        "analytics_analyst",
    }
    assert ("analytics_tutormax", "churn_predictions") in tables
    assert ("analytics_analyst", "tutors") in tables
    assert ("analytics_tutormax", "intervention_effectiveness") not in tables
    assert ("analytics", "churn_risk_bands") in tables
    accepted = warehouse.execute("select count(*) from analytics_tutoring.tutors")[0][0]
    assert accepted == warehouse.execute("select count(*) from analytics.mine")[0][0] > 0
    assert warehouse.execute(
        "select count(*) from analytics_tutormax.tutor_performance_metrics"
    ) > [(0,)]
    models = "select count(distinct model), min(status) from analytics_tutormax.tutormax_runs"
    assert warehouse.execute(f"{models} where model = 'mine'") == [(0, None)]
    keys = warehouse.execute(
        "select table_name from information_schema.table_constraints "
        "where constraint_type = 'PRIMARY KEY' and table_schema like 'analytics%'"
    )
    if engine == "duckdb":
        assert keys == [("mine",)]
    else:
        assert {("mine",), ("tutors",), ("sessions",)} <= {*keys}

    # What does not concern the package starts no build of it; a second build changes nothing.
    builds = "select max(build_number) from analytics_staging.build_log"
    assert warehouse.execute(builds) == [(1,)]
    other.dbt("build", "--select", "mine", "churn_risk_bands")
    assert warehouse.execute(builds) == [(1,)]
    other.dbt("run", "--select", "tutors+,package:tutormax")
    assert warehouse.execute(
        "select sum(rows_inserted + rows_updated + rows_deleted) "
        "from analytics_tutormax.tutormax_runs where build_number = 2"
    ) == [(0,)]
