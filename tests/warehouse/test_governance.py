"""Every table says who owns it and what its columns mean, in YAML and in the warehouse alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.factories import small_world
from support.project import REPOSITORY, DuckDbProject
from support.warehouses import BuiltWorld, Warehouse

Nodes = dict[tuple[str, str], Any]
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def built(built_world: BuiltWorld) -> Warehouse:
    return built_world("duckdb", small_world())


@pytest.fixture(scope="module")
def nodes(dbt_project: DuckDbProject) -> Nodes:
    """What the YAML declares as a table, by schema and name."""
    manifest = dbt_project.manifest
    declared = [
        *(node for node in manifest.nodes.values() if node.resource_type in ("model", "seed")),
        *manifest.sources.values(),
    ]
    return {
        (node.schema, getattr(node, "identifier", None) or node.alias): node for node in declared
    }


def test_yaml_and_tables_have_the_same_columns(built: Warehouse, nodes: Nodes) -> None:
    found: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in built.execute(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where not internal and schema_name <> 'analyst' order by 1, 2, column_index"
    ):
        found.setdefault((schema, table), []).append(column)
    assert found == {name: [*node.columns] for name, node in nodes.items()}


def test_the_warehouse_says_what_the_yaml_says(built: Warehouse, nodes: Nodes) -> None:
    made = {name: node for name, node in nodes.items() if node.resource_type != "source"}
    tables = {
        (schema, table): comment
        for schema, table, comment in built.execute(
            "select schema_name, table_name, comment from duckdb_tables()"
            " union all select schema_name, view_name, comment from duckdb_views()"
        )
    }
    columns = {
        (schema, table, column): comment
        for schema, table, column, comment in built.execute(
            "select schema_name, table_name, column_name, comment from duckdb_columns()"
        )
    }
    for name, node in made.items():
        assert tables[name] == node.description
        for column in node.columns.values():
            assert columns[*name, column.name] == column.description


def test_exposures_are_based_on_what_is_published(dbt_project: DuckDbProject) -> None:
    manifest = dbt_project.manifest
    used = {
        manifest.expect(unique_id).name
        for exposure in manifest.exposures.values()
        for unique_id in exposure.depends_on.nodes
    }
    published = {
        node.name
        for node in manifest.nodes.values()
        if node.resource_type == "model"
        and node.access == "public"
        and node.config.materialized == "incremental"
    }
    assert used - {"tutormax_runs", "tutormax_arrivals"} == published


def bounce(manifest: Manifest, folder: Path) -> tuple[int, list[str]]:
    """Run dbt-bouncer as `make lint` does: its exit code, and what failed."""
    (folder / "manifest.json").write_text(json.dumps(manifest, default=str))
    config = yaml.safe_load((REPOSITORY / "dbt-bouncer.yml").read_bytes())
    config |= {
        "dbt_artifacts_dir": str(folder),
        "custom_checks_dir": str(REPOSITORY / config["custom_checks_dir"]),
    }
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    report = folder / "report.json"
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("dbt-bouncer"), "run"),
            *("--config-file", folder / "config.yml", "--output-file", report),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=dict(os.environ) | {"NO_COLOR": "1"},
    )
    found = json.loads(report.read_text())
    return done.returncode, [
        f"{check['check_run_id'].split(':')[0]} {check['failure_message']}"
        for check in found
        if check["outcome"] != "success"
    ]


@pytest.fixture
def manifest(unit_tested_project: DuckDbProject) -> Manifest:
    held = unit_tested_project.manifest.writable_manifest().to_dict(omit_none=False)
    return json.loads(json.dumps(held, default=str))  # type: ignore[no-any-return]


def test_no_rule_is_broken(manifest: Manifest, tmp_path: Path) -> None:
    assert bounce(manifest, tmp_path) == (0, [])


MODELS = ("staging", "core", "intermediate", "marts", "semantic")
MACROS = ("dialect", "rules", "recompute", "materializations", "operations")
"""The folders of models and macros: each uses itself and those before it."""


def backward(manifest: Manifest) -> list[str]:
    """What uses a folder that comes after its own, or hides what it reads in a comment."""
    found = []
    for kind, order in (("nodes", MODELS), ("macros", MACROS)):
        places = {
            key: order.index(entry["original_file_path"].split("/")[1])
            for key, entry in manifest[kind].items()
            if entry["package_name"] == "tutormax" and entry["resource_type"] in ("model", "macro")
            if not entry["original_file_path"].startswith("tests/")
        }
        for key, place in places.items():
            entry = manifest[kind][key]
            used = entry["depends_on"]["nodes" if kind == "nodes" else "macros"]
            found += [f"{key} uses {name}" for name in used if places.get(name, 0) > place]
            if "depends_on:" in entry.get("raw_code", ""):
                found.append(f"{key} says depends_on")
    return found


def test_layers_go_one_way(manifest: Manifest) -> None:
    assert backward(manifest) == []
    staging = "model.tutormax.stg_tutormax__tutors"
    manifest["nodes"][staging]["depends_on"]["nodes"].append("model.tutormax.tutors")
    manifest["nodes"][staging]["raw_code"] += "-- depends_on: {{ ref('tutors') }}"
    manifest["macros"]["macro.tutormax.add_days"]["depends_on"]["macros"].append(
        "macro.tutormax.check_run"
    )
    assert backward(manifest) == [
        f"{staging} uses model.tutormax.tutors",
        f"{staging} says depends_on",
        "macro.tutormax.add_days uses macro.tutormax.check_run",
    ]


def test_each_broken_rule_is_named(manifest: Manifest, tmp_path: Path) -> None:
    manifest["sources"]["source.tutormax.raw.tutors"]["columns"]["email"]["description"] = ""
    manifest["macros"]["macro.tutormax.add_days"]["description"] = ""
    (tested,) = (
        name
        for name, node in manifest["nodes"].items()
        if node.get("attached_node") == "seed.tutormax.performance_tiers"
        and node["column_name"] == "comment"
    )
    del manifest["nodes"][tested]
    manifest["nodes"]["model.tutormax.stg_tutormax__tutors"]["access"] = "public"
    code, failures = bounce(manifest, tmp_path)
    assert code == 1
    for said in (
        "check_columns_are_described No description: tutors.email.",
        "check_macros_are_described No description: add_days.",
        "check_columns_are_tested No test looks at performance_tiers.comment.",
        "check_model_access ",
    ):
        assert [failure for failure in failures if failure.startswith(said)], (said, failures)
