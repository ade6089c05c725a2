"""What the project promises about its tables agrees with itself and with the schema document."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import schema_document
from support.factories import small_world
from support.project import REPOSITORY, DuckDbProject
from support.tables import KEYS, PERSONAL
from support.warehouses import BuiltWorld
from tutormax.schema import LOADED_AT, RAW_SCHEMA, metadata

MODELS = REPOSITORY / "models"
STAGING = MODELS / "staging" / "tutormax"
SEEDS = REPOSITORY / "seeds" / "performance"

# The columns of the schema document's tables and those added, with types as contracts name them.
DOCUMENT = {
    name: {
        column: kind.replace("character varying", "varchar")
        for column, kind in (table.columns | schema_document.ADDED.get(name, {})).items()
    }
    for name, table in schema_document.tables().items()
}

# DuckDB's names of the same types; its text has no length.
ENGINE_TYPES = {
    "text": "VARCHAR",
    "varchar[]": "VARCHAR[]",
    "double precision": "DOUBLE",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "jsonb": "JSON",
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
}

SQL_FILES = sorted(MODELS.rglob("*.sql"))
YAML_NODES = [
    (path, kind, node)
    for folder in (MODELS, REPOSITORY / "seeds")
    for path in sorted(folder.rglob("*.yml"))
    for kind in ("models", "seeds", "sources")
    for node in (yaml.safe_load(path.read_text()) or {}).get(kind, [])
]


def contract(model: str) -> dict[str, str]:
    for _, kind, node in YAML_NODES:
        if kind == "models" and node["name"] == model:
            return {column["name"]: column["data_type"] for column in node["columns"]}
    raise AssertionError(f"no YAML declares {model}")


def project_variables() -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / "dbt_project.yml").read_text())["vars"]


def staging_sql(table: str) -> str:
    return (STAGING / f"stg_tutormax__{table}.sql").read_text()


def length_of(data_type: str) -> int | None:
    match = re.fullmatch(r"varchar\((\d+)\)", data_type)
    return int(match[1]) if match else None


def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("table", DOCUMENT)
def test_the_contract_is_the_schema_document(table: str) -> None:
    assert list(contract(table).items()) == list(DOCUMENT[table].items())


@pytest.mark.parametrize("table", KEYS)
def test_raw_has_the_columns_of_the_schema_document(table: str) -> None:
    columns = metadata.tables[f"{RAW_SCHEMA}.{table}"].columns.keys()
    assert columns == [*DOCUMENT[table], LOADED_AT]


def test_the_sources_declare_raw_as_it_is() -> None:
    sources = [node for _, kind, node in YAML_NODES if kind == "sources"]
    declared = {
        table["name"]: table["columns"]
        for source in sources
        if source["name"] in ("raw", "load")
        for table in source["tables"]
    }
    assert {f"{RAW_SCHEMA}.{name}" for name in declared} == set(metadata.tables)
    for name, columns in declared.items():
        expected = metadata.tables[f"{RAW_SCHEMA}.{name}"].columns.keys()
        assert [column["name"] for column in columns] == expected
        for column in columns:
            published = DOCUMENT.get(name, {}).get(column["name"])
            if published is not None:
                assert column["data_type"] == re.sub(r"\(\d+\)", "", published)


def test_the_built_tables_have_these_columns(built_world: BuiltWorld) -> None:
    warehouse = built_world("duckdb", small_world())
    built: dict[str, dict[str, str]] = {}
    for table, column, kind in warehouse.execute(
        """select table_name, column_name, data_type from duckdb_columns()
        where schema_name = 'tutormax' order by table_name, column_index"""
    ):
        built.setdefault(table, {})[column] = kind
    for table, columns in DOCUMENT.items():
        expected = {
            column: "VARCHAR" if length_of(kind) else ENGINE_TYPES[kind]
            for column, kind in columns.items()
        }
        assert list(built[table].items()) == list(expected.items())


def test_analysts_have_views_of_what_is_published(built_world: BuiltWorld) -> None:
    warehouse = built_world("duckdb", small_world())
    columns: dict[str, dict[str, set[str]]] = {"tutormax": {}, "analyst": {}}
    for schema, table, column in warehouse.execute(
        "select schema_name, table_name, column_name from duckdb_columns()"
        " where schema_name in ('tutormax', 'analyst')"
    ):
        columns[schema].setdefault(table, set()).add(column)
    assert columns["analyst"] == {
        table: names - PERSONAL.get(table, set()) for table, names in columns["tutormax"].items()
    }
    assert {
        subject for (subject,) in warehouse.execute("select subject from analyst.sessions")
    } == {"Algebra"}
    ((comment,),) = warehouse.execute(
        "select comment from duckdb_views() where schema_name = 'analyst' and view_name = 'tutors'"
    )
    assert comment.startswith("**Grain:** one row per tutor.")


def test_every_published_model_has_an_enforced_contract(dbt_project: DuckDbProject) -> None:
    models = [
        node
        for node in dbt_project.manifest.nodes.values()
        if node.resource_type == "model"
        and node.access == "public"
        and node.config.materialized == "incremental"
    ]
    assert {node.name for node in models} >= DOCUMENT.keys() | {"rejected_records"}
    for node in models:
        assert node.config.contract.enforced, node.name
        assert all(column.data_type for column in node.columns.values()), node.name
        assert node.schema == "tutormax"


def test_every_node_and_column_is_described(dbt_project: DuckDbProject) -> None:
    manifest = dbt_project.manifest
    nodes = [
        *(node for node in manifest.nodes.values() if node.resource_type in ("model", "seed")),
        *manifest.sources.values(),
    ]
    assert len(nodes) > 20
    bare = [node.name for node in nodes if not node.description.strip() or not node.columns]
    bare += [
        f"{node.name}.{column.name}"
        for node in nodes
        for column in node.columns.values()
        if not column.description.strip()
    ]
    assert bare == []


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)
def test_every_model_has_its_yaml_beside_it(path: Path) -> None:
    document = yaml.safe_load(path.with_suffix(".yml").read_text())
    assert [model["name"] for model in document["models"]] == [path.stem]


def test_every_yaml_beside_a_model_has_its_model() -> None:
    alone = [
        path.name
        for path in MODELS.rglob("*.yml")
        if not path.name.startswith("_") and not path.with_suffix(".sql").exists()
    ]
    assert alone == []


def test_windows_are_the_values_of_their_enum() -> None:
    variables = project_variables()
    assert list(variables["metric_windows"]) == variables["enums"]["metric_window"]
    assert variables["metric_windows"] == {"7day": 7, "30day": 30, "90day": 90}


def test_source_tables_are_the_values_of_their_enum() -> None:
    assert project_variables()["enums"]["source_table"] == list(KEYS)


def test_tiers_are_the_values_of_their_enum() -> None:
    tiers = [row["performance_tier"] for row in seed("performance_tiers")]
    assert sorted(tiers) == sorted(project_variables()["enums"]["performance_tier"])


def test_thresholds_are_given_for_the_metrics_of_the_tier() -> None:
    macro = (REPOSITORY / "macros" / "rules" / "tier_metrics.sql").read_text()
    body = macro[macro.index("{% macro") :]
    metrics = re.findall(r"'(\w+)'", body)
    assert len(metrics) == 6
    assert [row["metric"] for row in seed("performance_tier_thresholds")] == metrics


def test_every_number_of_green_and_red_metrics_has_a_tier() -> None:
    tiers = sorted(seed("performance_tiers"), key=lambda row: int(row["tier_rank"]))

    def tier(green: int, red: int) -> str:
        return next(
            row["performance_tier"]
            for row in tiers
            if green >= int(row["min_green"]) and int(row["min_red"]) <= red <= int(row["max_red"])
        )

    for green in range(7):
        for red in range(7 - green):
            if red == 0:
                expected = "Exemplary" if green >= 5 else "Strong" if green >= 3 else "Developing"
            else:
                expected = "At Risk" if red >= 3 else "Needs Attention"
            assert tier(green, red) == expected


@pytest.mark.parametrize("table", KEYS)
def test_a_length_rule_says_what_the_column_holds(table: str) -> None:
    rules = re.findall(r"'(\w+)_too_long': is_too_long\('(\w+)', (\d+)\)", staging_sql(table))
    assert len(rules) == staging_sql(table).count("is_too_long(")
    columns = contract(table)
    for name, column, length in rules:
        assert name == column
        assert length_of(columns[column]) == int(length)


@pytest.mark.parametrize("table", KEYS)
def test_no_text_can_be_too_long_for_its_column(table: str) -> None:
    """By a rule on its length, by an enum, or because an accepted row of another table bears it."""
    sql = staging_sql(table)
    limited = set(re.findall(r"is_too_long\('(\w+)'", sql))
    listed = dict(re.findall(r"is_not_in_enum\('(\w+)', '(\w+)'\)", sql))
    parents = {"tutor_id", "student_id", "session_id"} - {KEYS[table]}
    held = set(re.findall(r"accepted_(\w+) is null", sql)) | set(
        re.findall(r"'(\w+) <> session_\w+'", sql)
    )
    enums = project_variables()["enums"]
    for column, data_type in contract(table).items():
        length = length_of(data_type)
        if length is None or column in limited:
            continue
        if column in listed:
            assert max(map(len, enums[listed[column]])) <= length
        else:
            assert column in parents & held, f"nothing bounds {table}.{column}"


@pytest.mark.parametrize("table", KEYS)
def test_an_enum_rule_uses_the_values_that_the_contract_allows(table: str) -> None:
    rules = dict(re.findall(r"is_not_in_enum\('(\w+)', '(\w+)'\)", staging_sql(table)))
    text = next(path for path, _, node in YAML_NODES if node["name"] == table).read_text()
    allowed = {
        column["name"]: re.search(r"\['(\w+)'\]", constraint.get("expression", ""))
        for column in yaml.safe_load(text)["models"][0]["columns"]
        for constraint in column.get("constraints", [])
        if constraint["type"] == "check"
    }
    assert {name: match[1] for name, match in allowed.items() if match} == rules
