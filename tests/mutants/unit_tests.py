"""dbt's unit tests, run again and again on mutants of their model.

dbt takes a fifth of a second for each, nearly all of it to render what does not change. So the SQL
that it makes of each test is kept: the fixtures, and after them the model. Of a mutant the model
alone is rendered anew, by dbt, once for all tests with the same inputs and overrides; the fixtures
before it, and the rows that were right, are those of the unmutated model, which passes its tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from dbt.contracts.graph.manifest import Manifest
from dbt.task.test import TestRunner, UnitTestResultData

from support.project import DuckDbProject as Project
from support.project import at
from tutormax.warehouse import connect_duckdb

BODY = re.compile(r"^with$", re.M)
QUIETLY = ("--threads", "1", "--log-level", "none")


@dataclass(frozen=True)
class UnitTest:
    """A unit test that the unmutated model passes."""

    name: str
    model: str
    group: str
    fixtures: str
    columns: str
    rows: list[str]


class BrokenSqlError(Exception):
    """The mutant is no SQL."""


def keep(project: Project, path: Path, models: list[str]) -> dict[str, list[UnitTest]]:
    """The unit tests of the models, by model."""
    definitions = {test.name: test for test in project.manifest.unit_tests.values()}
    found: dict[str, list[UnitTest]] = {}
    rendered = render(project, path, [f"{name},test_type:unit" for name in models], whole=True)
    with connect_duckdb(path) as connection:
        for name, (body, padded) in rendered.items():
            test, whole = definitions[name], padded.strip()
            assert whole.endswith(after_with(body)), name
            rows = test.expect.rows
            given = list(rows[0]) if isinstance(rows, list) and rows else []
            columns = ", ".join(f'"{column}"' for column in given) or "*"
            found.setdefault(test.model, []).append(
                UnitTest(
                    name,
                    test.model,
                    group_of(test),
                    whole[: -len(after_with(body))],
                    columns,
                    rows_of(connection, columns, whole),
                )
            )
    return found


def group_of(test: Any) -> str:
    """Tests of a group share how their model is rendered."""
    overrides = test.overrides.to_dict() if test.overrides else {}
    return json.dumps([overrides, sorted(given.input for given in test.given)], sort_keys=True)


def first_failure(
    project: Project, path: Path, tests: dict[str, list[UnitTest]]
) -> tuple[str | None, str]:
    """The first unit test that notices, and how; BrokenSqlError if nothing can be rendered."""
    return next(failures(project, path, tests), (None, ""))


def failures(
    project: Project, path: Path, tests: dict[str, list[UnitTest]]
) -> Iterator[tuple[str, str]]:
    """The unit tests that notice, and how; BrokenSqlError if nothing can be rendered."""
    groups: dict[str, dict[str, list[UnitTest]]] = {}
    for model, held in tests.items():
        for test in held:
            groups.setdefault(model, {}).setdefault(test.group, []).append(test)
    firsts = [
        f"{model},{group[0].name}" for model, held in groups.items() for group in held.values()
    ]
    bodies = render(project, path, firsts)
    with connect_duckdb(path) as connection:
        for model in tests:
            for group in groups[model].values():
                if group[0].name not in bodies:
                    raise BrokenSqlError("Compilation Error")
                body = after_with(bodies[group[0].name][0])
                for test in group:
                    try:
                        rows = rows_of(connection, test.columns, test.fixtures + body)
                    except duckdb.Error as error:
                        if isinstance(
                            error,
                            duckdb.BinderException
                            | duckdb.ParserException
                            | duckdb.CatalogException
                            | duckdb.NotImplementedException,
                        ):
                            raise BrokenSqlError(str(error).splitlines()[0]) from error
                        yield test.name, str(error).splitlines()[0]
                        continue
                    if rows != test.rows:
                        yield test.name, ""


def rows_of(connection: duckdb.DuckDBPyConnection, columns: str, sql: str) -> list[str]:
    return sorted(
        map(repr, connection.execute(f"select {columns} from (\n{sql}\n) as actual").fetchall())
    )


def after_with(body: str) -> str:
    found = BODY.search(body)
    assert found, "a model begins with `with` on a line of its own"
    return body[found.end() :].strip()


def render(
    project: Project, path: Path, selection: list[str], *, whole: bool = False
) -> dict[str, tuple[str, str]]:
    """The model as dbt renders it for each unit test, alone and after its fixtures."""
    with renders_only(whole=whole) as rendered:
        project.run("test", *QUIETLY, "--select", *selection, env=at(path))
    return rendered


@contextmanager
def renders_only(*, whole: bool) -> Iterator[dict[str, tuple[str, str]]]:
    """While it lasts, `dbt test` renders unit tests and does not run them."""
    rendered: dict[str, tuple[str, str]] = {}
    original = TestRunner.execute_unit_test

    def execute(self: TestRunner, test: Any, manifest: Manifest) -> tuple[Any, UnitTestResultData]:
        alone = self.build_unit_test_manifest_from_test(test, manifest)
        node = self.compiler._compile_code(alone.nodes[test.unique_id], alone, {})
        body = node.compiled_code
        if whole:
            node, _ = self.compiler._recursively_prepend_ctes(node, alone, {})
        rendered[test.name] = (body, node.compiled_code)
        return node, UnitTestResultData(should_error=False, adapter_response={}, diff=None)

    TestRunner.execute_unit_test = execute
    try:
        yield rendered
    finally:
        TestRunner.execute_unit_test = original


__all__ = ["BrokenSqlError", "UnitTest", "failures", "first_failure", "keep"]
