"""Every wrong way to start dbt ends with a sentence that says what to do, and a non-zero exit."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from support.factories import small_world, utc
from support.project import REPOSITORY, DuckDbProject
from support.warehouses import DuckDbWarehouse, NewDuckDb

Refusal = Callable[..., str]


@pytest.fixture(scope="module")
def loaded(new_warehouse: NewDuckDb) -> DuckDbWarehouse:
    """Raw is filled, nothing is built."""
    warehouse = new_warehouse()
    warehouse.insert(small_world())
    return warehouse


@pytest.fixture
def refusal(dbt_project: DuckDbProject) -> Refusal:
    """What dbt says, on one line, when it refuses to build."""

    def refuse(path: Path, *words: str, variables: str = "") -> str:
        build = dbt_project.command_line("build", *words, path=path, variables=variables)
        said = build.stdout + build.stderr
        assert build.returncode != 0, said
        assert "Traceback" not in said
        return " ".join(said.split())

    return refuse


def schemas(warehouse: DuckDbWarehouse) -> set[str]:
    return {
        schema
        for (schema,) in warehouse.execute(
            "select distinct schema_name from duckdb_tables() where schema_name <> 'raw'"
        )
    }


def test_an_unknown_target(loaded: DuckDbWarehouse, refusal: Refusal) -> None:
    said = refusal(loaded.path, "--target", "sparkle")
    assert "does not have a target named 'sparkle'" in said
    assert "valid target names" in said
    assert "- duckdb" in said


def test_no_raw(new_warehouse: NewDuckDb) -> None:
    warehouse = new_warehouse()
    warehouse.execute("drop schema raw cascade")
    build = warehouse.try_build()
    assert not build.succeeded
    said = " ".join(build.message.split())
    assert " is missing in duckdb: load raw files with `tutormax load DIR" in said


def test_raw_without_one_of_its_tables(loaded: DuckDbWarehouse, new_warehouse: NewDuckDb) -> None:
    warehouse = new_warehouse(loaded)
    warehouse.execute("drop table raw.tutor_events")
    build = warehouse.try_build()
    assert not build.succeeded
    said = " ".join(build.message.split())
    assert "The table raw.tutor_events is missing in duckdb: load raw files with" in said
    assert schemas(warehouse) == set()


def test_empty_raw(new_warehouse: NewDuckDb) -> None:
    warehouse = new_warehouse()
    build = warehouse.try_build()
    assert not build.succeeded
    said = " ".join(build.message.split())
    assert "Every table of raw is empty in duckdb: load raw files with `tutormax load DIR" in said
    assert schemas(warehouse) == set()


@pytest.mark.deep  # for its vars dbt parses anew
def test_a_date_that_is_none_on_the_command_line(loaded: DuckDbWarehouse, refusal: Refusal) -> None:
    said = refusal(loaded.path, variables="{as_of_date: yesterday}")
    assert "as_of_date is 'yesterday', which is not a date: write it as 2026-01-31." in said
    assert schemas(loaded) == set()


@pytest.mark.parametrize(
    "value",
    ["yesterday", "2026-02-30", "2026-1-31", "2026-13-01", "2026-01-31 12:00", "0000-01-01", 7],
)
def test_a_date_that_is_none(value: object, loaded: DuckDbWarehouse) -> None:
    build = loaded.try_build(variables={"as_of_date": value})
    assert not build.succeeded
    assert f"as_of_date is '{value}', which is not a date: write it as 2026-01-31." in build.message
    assert schemas(loaded) == set()


def test_a_date_without_quotes(loaded: DuckDbWarehouse, new_warehouse: NewDuckDb) -> None:
    """YAML reads 2025-03-05 as a date, not as text."""
    warehouse = new_warehouse(loaded)
    words = ("--select", "+tutor_performance_metrics")
    warehouse.build(*words, variables="{as_of_date: 2025-03-05}")
    dates = {row["calculation_date"] for row in warehouse.rows("tutor_performance_metrics")}
    assert max(dates) == utc("2025-03-05")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("as_of_dat", "2026-01-31", "There is no var as_of_dat: the vars are as_of_date, "),
        ("max_delete_share", 10, "is '10', which is not a share: write a number from 0 to 1."),
        (
            "max_delete_share",
            "10 %",
            "is '10 %', which is not a share: write a number from 0 to 1.",
        ),
        ("min_delete_rows", -1, "is '-1', which is not a count: write a whole number from 0 to "),
        ("min_delete_rows", 1.5, "is '1.5', which is not a count: write a whole number from 0 to "),
        ("on_time_minutes", "ten", "is 'ten', which is not a number: write one from 0 to "),
        ("allow_mass_delete", "no", "is 'no', which is not a truth value: write true or false."),
        ("allow_history_loss", 1, "is '1', which is not a truth value: write true or false."),
        (
            "metric_windows",
            [7],
            "is '[7]', which is not a mapping of the values of enums.metric_window,",
        ),
        ("metric_windows", {"7day": 7}, "which is not a mapping of the values of enums"),
        ("metric_windows", {"7day": 7, "30day": 30, "90day": "x"}, "to whole days from 1"),
        ("enums", {"tutor_status": ["active"]}, "which is not a mapping of tutor_status, "),
        ("tenure_bands", {"new": 0, "old": 0}, "write whole days that ascend from 0."),
        ("prediction_retention_years", 10_000, "write a whole number from 0 to 1000."),
        ("on_time_minutes", 1e300, "is not a number: write one from 0 to 1000000000."),
        ("churn_model_version", "1'0", "is '1'0', which is not a version: write it as '1.0.0'"),
        ("postgres_settings", {"a b": 1}, "which is not settings: write names of letters"),
        ("loaded_at_column", "", "is '', which is not a name: write it as 'text', without"),
        ("loaded_at_column", "arrived", " has no column arrived: the var loaded_at_column names"),
    ],
)
def test_a_var_that_makes_no_sense(
    name: str, value: object, sentence: str, loaded: DuckDbWarehouse
) -> None:
    build = loaded.try_build(variables={name: value})
    assert not build.succeeded
    assert sentence in build.message
    assert schemas(loaded) == set()


def test_enums_that_cannot_stand_in_sql(loaded: DuckDbWarehouse) -> None:
    enums = yaml.safe_load((REPOSITORY / "dbt_project.yml").read_text())["vars"]["enums"]
    for name, values in {
        "tutor_status": ["it's"],
        "risk_level": [],
        "session_type": ["group", "group"],
        "intervention_outcome": ["no change"],
        "source_table": "tutors",
    }.items():
        build = loaded.try_build(variables={"enums": enums | {name: values}})
        assert "to lists of different texts without quotes" in build.message, name


def test_a_prefix_that_is_no_identifier(loaded: DuckDbWarehouse) -> None:
    build = loaded.try_build(env={"TUTORMAX_SCHEMA_PREFIX": 'dev"; '})
    assert "The prefix of the schemas is 'dev\"; ', which is not an identifier" in build.message


def test_every_var_is_checked(dbt_project: DuckDbProject) -> None:
    written = yaml.safe_load((REPOSITORY / "dbt_project.yml").read_text())["vars"]
    (macro,) = (m for m in dbt_project.manifest.macros.values() if m.name == "var_kinds")
    assert re.findall(r"'(\w+)': '\w+'", macro.macro_sql) == sorted(
        written, key=lambda name: macro.macro_sql.index(f"'{name}'")
    )


def test_the_project_has_one_version() -> None:
    written = yaml.safe_load((REPOSITORY / "dbt_project.yml").read_text())
    package = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert written["version"] == written["vars"]["project_version"] == package["version"]
