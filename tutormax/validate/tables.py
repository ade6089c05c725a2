"""Raw and published tables in the dbt project: columns, constraints and data tests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbt.contracts.graph.nodes import GenericTestNode, ModelNode, SeedNode
from jinja2 import UndefinedError
from jinja2.nativetypes import NativeEnvironment

from tutormax.constraints import OF_CONSTRAINTS, tests_of_constraints
from tutormax.errors import UserError
from tutormax.operations.project import project_vars
from tutormax.warehouse import quote

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

RAW_SOURCES = ("raw", "load")
PUBLISHED_SCHEMA = "tutormax"
HIDDEN = ("personal", "free_text")
"""Classes of columns (meta privacy) that masked pages and analysts never see."""

_REF = re.compile(r"ref\(\s*'(\w+)'\s*\)")
_SOURCE = re.compile(r"source\(\s*'(\w+)'\s*,\s*'(\w+)'\s*\)")


@dataclass(frozen=True)
class Column:
    """A column as the YAML declares it; values of hidden columns are never shown."""

    name: str
    data_type: str
    is_hidden: bool


@dataclass(frozen=True)
class DataTest:
    """A constraint or a generic data test of the YAML, its arguments rendered."""

    kind: str
    column: str | None
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class TableContract:
    """A raw or published table, its key and its tests."""

    schema: str
    name: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    tests: tuple[DataTest, ...] = ()
    is_raw: bool = False

    @property
    def label(self) -> str:
        """The name for messages."""
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        """The name in SQL."""
        return f"{quote(self.schema)}.{quote(self.name)}"


@dataclass(frozen=True)
class Contracts:
    """All tables to validate, and the arrival column of raw."""

    raw: tuple[TableContract, ...]
    published: tuple[TableContract, ...]
    loaded_at: str
    runs: str
    arrivals: str
    rejected: str | None


def read_contracts(manifest: Manifest) -> Contracts:
    """Collect the tables of raw and the published models from the parsed project.

    Raises:
        UserError: the YAML has something that validation does not support.
    """
    variables = project_vars()
    loaded_at = str(variables["loaded_at_column"])
    models = {
        unique_id: node
        for unique_id, node in sorted(manifest.nodes.items())
        if isinstance(node, ModelNode) and node.config.schema == PUBLISHED_SCHEMA
    }
    tests = _tests_of(models, manifest, variables)
    published = tuple(
        TableContract(
            schema=node.schema,
            name=node.alias,
            columns={column.name: _column(column) for column in node.columns.values()},
            key=_names(node.config.unique_key),
            tests=tuple(tests.get(unique_id, ())),
        )
        for unique_id, node in models.items()
    )
    by_name = {
        node.name: table
        for node, table in zip(models.values(), published, strict=True)
        if node.version == node.latest_version
    }
    raw = tuple(
        _raw_table(source, by_name.get(source.identifier), loaded_at)
        for _, source in sorted(manifest.sources.items())
        if source.source_name in RAW_SOURCES
    )
    rejected = by_name.get("rejected_records")
    schema = rejected.schema if rejected else PUBLISHED_SCHEMA
    return Contracts(
        raw=raw,
        published=published,
        loaded_at=loaded_at,
        runs=f"{quote(schema)}.{quote('tutormax_runs')}",
        arrivals=f"{quote(schema)}.{quote('tutormax_arrivals')}",
        rejected=rejected.sql if rejected else None,
    )


def _raw_table(source: Any, published: TableContract | None, loaded_at: str) -> TableContract:
    """A raw table; its key and hidden columns are those of the model of the same name."""
    known = published.columns if published else {}
    columns = {}
    for column in source.columns.values():
        is_arrival = column.name == "_loaded_at" and published is not None
        name = loaded_at if is_arrival else column.name
        same = known.get(column.name)
        # A column that is not published is hidden.
        is_hidden = same.is_hidden if same else not is_arrival
        columns[name] = Column(name, column.data_type, is_hidden)
    return TableContract(
        schema=source.schema,
        name=source.identifier,
        columns=columns,
        key=published.key if published else (),
        tests=published.tests if published else (),
        is_raw=True,
    )


def _column(column: Any) -> Column:
    config = getattr(column, "config", None)
    meta = {**column.meta, **(config.meta if config else {})}
    return Column(column.name, column.data_type, meta.get("privacy") in HIDDEN)


def _names(key: str | Sequence[str] | None) -> tuple[str, ...]:
    if key is None:
        return ()
    return (key,) if isinstance(key, str) else tuple(key)


def _tests_of(
    models: Mapping[str, Any], manifest: Manifest, variables: Mapping[str, Any]
) -> dict[str, list[DataTest]]:
    jinja = NativeEnvironment()
    relations = {
        **{
            f"ref {node.name}": f"{quote(node.schema)}.{quote(node.alias)}"
            for node in manifest.nodes.values()
            if isinstance(node, SeedNode)
            or (isinstance(node, ModelNode) and node.version == node.latest_version)
        },
        **{
            f"source {source.source_name} {source.name}": (
                f"{quote(source.schema)}.{quote(source.identifier)}"
            )
            for source in manifest.sources.values()
        },
    }

    def rendered(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        found = _REF.fullmatch(value) or _SOURCE.fullmatch(value)
        if found:
            kind = "ref" if len(found.groups()) == 1 else "source"
            return relations[" ".join((kind, *found.groups()))]
        return jinja.from_string(value).render(var=variables.__getitem__)

    tests = {
        unique_id: [
            DataTest(kind, column, {name: rendered(value) for name, value in arguments.items()})
            for kind, column, arguments in tests_of_constraints(model.to_dict())
        ]
        for unique_id, model in models.items()
    }
    for _, node in sorted(manifest.nodes.items()):
        if not isinstance(node, GenericTestNode) or node.attached_node not in models:
            continue
        if node.test_metadata.name == OF_CONSTRAINTS:
            continue
        if node.config.where:
            raise UserError(
                f"The data test {node.name} has a `where`, which validate cannot express: write it "
                "as a singular test, or teach tutormax/validate/mapping.py."
            )
        given = node.test_metadata.kwargs
        try:
            arguments = {
                name: rendered(value)
                for name, value in given.items()
                if name not in ("model", "column_name")
            }
        except (UndefinedError, KeyError) as error:
            raise UserError(
                f"The data test {node.name} has an argument that validate cannot read ({error}): "
                "write a value, a var, a ref or a source."
            ) from error
        tests[str(node.attached_node)].append(
            DataTest(node.test_metadata.name, given.get("column_name"), arguments)
        )
    return tests
