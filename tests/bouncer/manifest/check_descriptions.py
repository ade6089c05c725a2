"""What dbt-bouncer has no check for: what nothing describes, tests or says the privacy class of."""

from __future__ import annotations

import json
import re
from typing import Any

from dbt_bouncer.check_framework.decorator import check, fail


@check
def check_columns_are_described(ctx: Any) -> None:
    """Sources and seeds must describe each of their columns, as models must."""
    nodes = _nodes(ctx, "source", "seed")
    bare = [node.name for node in nodes if not node.columns]
    bare += [
        f"{node.name}.{column.name}"
        for node in nodes
        for column in node.columns.values()
        if not (column.description or "").strip()
    ]
    if bare:
        fail(f"No description: {', '.join(bare)}. Write one in the YAML beside it.")


@check
def check_macros_are_described(ctx: Any) -> None:
    """Each macro must be described in the YAML of its folder, but for the bodies of one engine."""
    bare = [
        macro.name
        for macro in ctx.manifest_obj.manifest.macros.values()
        if macro.package_name == "tutormax"
        and macro.original_file_path.startswith("macros/")
        and not re.match(r"(default|duckdb|postgres|spark)__|materialization_", macro.name)
        and not (macro.description or "").strip()
    ]
    if bare:
        fail(f"No description: {', '.join(bare)}. Write one in _macros.yml of the folder.")


@check
def check_columns_are_tested(ctx: Any) -> None:
    """Each column of a model or seed must be looked at by a test.

    By a data test or a constraint on it, by one of its table that names it, by the expected rows of
    a unit test, or by a singular test on its table that names it.
    """
    bare = [
        f"{node.name}.{name}"
        for node in _nodes(ctx, "model", "seed")
        for name, column in node.columns.items()
        if not (
            column.constraints
            or any(name in (constraint.columns or []) for constraint in _constraints(node))
            or name in _expected_columns(ctx, node.unique_id)
            or any(_looks_at(test, name) for test in _tests(ctx, node.unique_id))
        )
    ]
    if bare:
        fail(f"No test looks at {', '.join(bare)}. Add a data test or a row to a unit test.")


@check
def check_columns_have_a_privacy_class(ctx: Any) -> None:
    """Text of a public model, unless its values are listed, must say what it tells of a person."""
    bare = [
        f"{node.name}.{name}"
        for node in _nodes(ctx, "model")
        if node.access == "public"
        for name, column in node.columns.items()
        if re.match(r"text|varchar|json", column.data_type or "")
        and not any(" in (" in (constraint.expression or "") for constraint in column.constraints)
        and not (column.config and (column.config.meta or {}).get("privacy"))
    ]
    if bare:
        fail(
            f"No privacy class: {', '.join(bare)}. Give it meta: {{privacy: …}} (docs/privacy.md)."
        )


def _nodes(ctx: Any, *kinds: str) -> list[Any]:
    manifest = ctx.manifest_obj.manifest
    everything = (*manifest.nodes.values(), *manifest.sources.values())
    return [node for node in everything if node.resource_type in kinds]


def _constraints(node: Any) -> list[Any]:
    return getattr(node, "constraints", None) or []


def _tests(ctx: Any, unique_id: str) -> list[Any]:
    return [
        test
        for test in ctx.tests
        if unique_id in (test.depends_on.nodes or [])
        and getattr(test, "attached_node", None) in (None, unique_id)
    ]


def _looks_at(test: Any, column: str) -> bool:
    if getattr(test, "column_name", None) is not None:
        return str(test.column_name).strip('"') == column
    metadata = getattr(test, "test_metadata", None)
    text = json.dumps(metadata.kwargs) if metadata else test.raw_code
    return re.search(rf"\b{column}\b", text) is not None


def _expected_columns(ctx: Any, unique_id: str) -> set[str]:
    return {
        name
        for unit_test in ctx.unit_tests
        if f".{unit_test.model}" == unique_id[unique_id.rindex(".") :]
        for row in unit_test.expect.rows or []
        if isinstance(row, dict)
        for name in row
    }
