"""The published models of a dbt manifest as contracts in the Open Data Contract Standard v3."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from jinja2.nativetypes import NativeEnvironment

from tutormax.constraints import OF_CONSTRAINTS, constraints_of, tests_of_constraints
from tutormax.contracts.types import logical_type
from tutormax.errors import UserError
from tutormax.validate.tables import HIDDEN
from tutormax.warehouse import DEFAULT_DUCKDB_PATH, POSTGRES_DEFAULTS

Node = dict[str, Any]
Contract = dict[str, Any]

_ARGUMENTS_OF_ALL = {"model", "column_name"}


def contracts_of(manifest: Node, variables: Mapping[str, Any]) -> dict[str, Contract]:
    """The contract of each published table by file name.

    `manifest` is dbt's manifest as JSON; `variables` are the project's vars, for tests.

    Raises:
        UserError: a table has no primary key.
    """
    contracts = {}
    for model in manifest["nodes"].values():
        if model["resource_type"] == "model" and is_published(model):
            version = f".v{model['version']}" if model.get("version") else ""
            name = f"{model['name']}{version}.odcs.yaml"
            contracts[name] = _contract(model, manifest, variables)
    return dict(sorted(contracts.items()))


def is_published(model: Node) -> bool:
    """Whether a model is a published table."""
    return (model["access"], model["config"]["materialized"]) == ("public", "incremental")


def _contract(model: Node, manifest: Node, variables: Mapping[str, Any]) -> Contract:
    group = manifest["groups"][f"group.{model['package_name']}.{model['group']}"]
    version = str(model.get("version") or 1)
    deprecation = model.get("deprecation_date")
    custom = {
        "consumers": _consumers(model, manifest),
        "deprecationDate": str(deprecation)[:10] if deprecation else None,
    }
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"{model['package_name']}-{model['name']}-{version}",
        "name": model["name"],
        "version": version,
        "status": "deprecated" if deprecation else "active",
        "domain": model["fqn"][-2],
        "dataProduct": model["package_name"],
        "team": {
            "name": group["owner"]["name"],
            "members": [{"username": group["owner"]["email"], "role": "owner"}],
        },
        "servers": _servers(model["config"]["schema"]),
        "schema": [_table(model, _tests(model, manifest, variables))],
        "customProperties": [
            {"property": name, "value": value} for name, value in custom.items() if value
        ],
    }


def _servers(schema: str) -> list[Node]:
    """Where the table is by default: the environment can name other places."""
    return [
        {
            "server": "duckdb",
            "type": "duckdb",
            "database": str(DEFAULT_DUCKDB_PATH),
            "schema": schema,
        },
        {
            "server": "postgres",
            "type": "postgres",
            "host": POSTGRES_DEFAULTS["host"],
            "port": int(POSTGRES_DEFAULTS["port"]),
            "database": POSTGRES_DEFAULTS["database"],
            "schema": schema,
        },
    ]


def _consumers(model: Node, manifest: Node) -> list[str]:
    return sorted(
        exposure["label"] or exposure["name"]
        for exposure in manifest["exposures"].values()
        if model["unique_id"] in exposure["depends_on"]["nodes"]
    )


def _table(model: Node, tests: list[Node]) -> Node:
    grain = re.search(r"\*\*Grain:\*\* (.+?)[.:]\s", model["description"] + "\n", re.DOTALL)
    keys = _primary_key(model)
    rules = [rule for test in tests if not test["column"] for rule in [_rule_of_table(test)]]
    return {
        "name": model["name"],
        "physicalName": model["alias"],
        "physicalType": "table",
        "logicalType": "object",
        "description": model["description"].strip(),
        **({"dataGranularityDescription": " ".join(grain[1].split())} if grain else {}),
        "properties": [
            _property(column, keys, [test for test in tests if test["column"] == column["name"]])
            for column in model["columns"].values()
        ],
        **({"quality": rules} if rules else {}),
    }


def _primary_key(model: Node) -> list[str]:
    keys: list[str] = []
    for constraint in constraints_of(model):
        if constraint["type"] == "primary_key":
            keys += constraint["columns"]
    if not keys:
        raise UserError(
            f"The published model {model['name']} has no primary key: "
            f"add a constraint primary_key in {model['patch_path'].split('://')[-1]}."
        )
    return keys


def _property(column: Node, keys: list[str], tests: list[Node]) -> Node:
    name = column["name"]
    named = {test["name"]: test["arguments"] for test in tests}
    result: Node = {"name": name, **logical_type(column["data_type"])}
    bounds = named.get("in_range", {})
    options = result.pop("logicalTypeOptions", {}) | {
        option: bounds[argument]
        for option, argument in (("minimum", "min_value"), ("maximum", "max_value"))
        if argument in bounds
    }
    if options:
        result["logicalTypeOptions"] = options
    result["description"] = column["description"].strip()
    if name in keys:
        result |= {"primaryKey": True, "primaryKeyPosition": keys.index(name) + 1}
    result["required"] = "not_null" in named
    result["unique"] = "unique" in named
    if column["config"]["meta"].get("privacy") in (*HIDDEN, "label"):
        result["classification"] = "restricted"
    if "relationships" in named:
        parent = re.findall(r"'(\w+)'", named["relationships"]["to"])[0]
        result["relationships"] = [{"to": f"{parent}.{named['relationships']['field']}"}]
    rules = [rule for test in tests for rule in _rules_of_column(test)]
    if rules:
        result["quality"] = rules
    return result


def _rules_of_column(test: Node) -> list[Node]:
    if test["name"] in ("unique", "not_null", "in_range", "relationships"):
        return []  # already in the property
    if test["name"] == "accepted_values":
        values = {"validValues": test["arguments"]["values"]}
        return [{"metric": "invalidValues", "arguments": values, "mustBe": 0}]
    return [_rule_of_dbt(test)]


def _rule_of_table(test: Node) -> Node:
    if test["name"] == "unique_together":
        columns = {"properties": test["arguments"]["columns"]}
        return {"metric": "duplicateValues", "arguments": columns, "mustBe": 0}
    return _rule_of_dbt(test)


def _rule_of_dbt(test: Node) -> Node:
    implementation = {"test": test["name"]}
    if test["arguments"]:
        implementation["arguments"] = test["arguments"]
    return {"type": "custom", "engine": "dbt", "implementation": implementation}


def _tests(model: Node, manifest: Node, variables: Mapping[str, Any]) -> list[Node]:
    """The constraints and data tests of a model, and the singular tests that read it."""
    tests = [
        {"name": kind, "column": column, "arguments": arguments}
        for kind, column, arguments in tests_of_constraints(model)
    ]
    for node in manifest["nodes"].values():
        if (
            node["resource_type"] != "test"
            or model["unique_id"] not in node["depends_on"]["nodes"]
            or node.get("attached_node") not in (None, model["unique_id"])
        ):
            continue
        generic = node.get("test_metadata") or {"name": node["name"], "kwargs": {}}
        if generic["name"] == OF_CONSTRAINTS:
            continue
        tests.append(
            {
                "name": generic["name"],
                "column": (node.get("column_name") or "").strip('"'),
                "arguments": {
                    name: _rendered(value, variables)
                    for name, value in generic["kwargs"].items()
                    if name not in _ARGUMENTS_OF_ALL
                },
            }
        )
    return sorted(tests, key=lambda test: json.dumps(test, sort_keys=True))


def _rendered(value: Any, variables: Mapping[str, Any]) -> Any:
    """An argument with its vars rendered; dbt keeps `{{ var(…) }}` as written."""
    if isinstance(value, str) and "{{" in value:
        return NativeEnvironment().from_string(value).render(var=variables.__getitem__)
    return value
