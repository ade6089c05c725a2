"""The dbt project, parsed once for an engine and run in the process of the test."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.artifacts.resources import Hook
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ModelNode

from support.dbt_speedups import SENT, quicken

REPOSITORY = Path(__file__).resolve().parents[2]
FILE_NAME = "warehouse.duckdb"
WITHOUT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
BUILD = ("build", *WITHOUT_TESTS)
TERSELY = ("--quiet", "--no-write-json", "--log-level-file", "none")

Variables = Mapping[str, Any] | str | None
"""The vars of a run, or the text of them."""

quicken()
os.environ.setdefault("TUTORMAX_ID_SECRET", "the tests'")  # all warehouses have the same ids


@dataclass(frozen=True)
class Build:
    """How a run of dbt ended: the errors it named, the nodes that passed and the statements sent.

    `passed` counts nodes by kind, `unchanged` has the models that were left as they were.
    """

    succeeded: bool
    message: str
    passed: Counter[str]
    unchanged: set[str]
    statements: int


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def spare_collector() -> None:
    """Keep what lives now out of collections, and collect less: a tenth of each build and more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)


class Project:
    """The dbt project, parsed once: parsing costs more than building small data."""

    def __init__(
        self,
        folder: Path,
        env: Mapping[str, str],
        *,
        unit_tests: bool = False,
        variables: Variables = None,
        root: Path = REPOSITORY,
        like: Project | None = None,
    ) -> None:
        """Parse; of a project that is `like` another but for some files, these alone."""
        self.folder = folder
        self.root = root
        if like:
            (folder / "target").mkdir()
            shutil.copy(like.folder / "target" / "partial_parse.msgpack", folder / "target")
        self._unit_tests = {"TUTORMAX_UNIT_TESTS": "1" if unit_tests else "0"}
        result = self._invoke(dbtRunner(), "parse", *vars_as_words(variables), env=env)
        assert result.success, result.exception
        self.manifest: Manifest = result.result
        self.spares: list[Manifest] = []
        spare_collector()

    def run(self, *words: str, env: Mapping[str, str], variables: Variables = None) -> Build:
        """Run dbt in this process, in the warehouse that the environment names."""
        errors: list[str] = []
        sent_before = SENT["statements"]

        def listen(event: Any) -> None:
            if event.info.level == "error":
                errors.append(event.info.msg)

        runs_tests = words[0] not in ("run", "seed") and words[: len(BUILD)] != BUILD
        manifest = self.manifest_for(env, with_tests=runs_tests)
        result = self._invoke(
            dbtRunner(manifest=manifest, callbacks=[listen]),
            *words,
            *vars_as_words(variables),
            env=env,
        )
        if result.exception is not None:
            errors.append(str(result.exception))
        # The results of an operation name no nodes.
        results = [one for one in getattr(result.result, "results", []) if hasattr(one, "node")]
        return Build(
            result.success,
            "\n".join(errors),
            Counter(
                one.node.resource_type.value for one in results if one.status in ("success", "pass")
            ),
            {one.node.name for one in results if one.message == "unchanged"},
            SENT["statements"] - sent_before,
        )

    def manifest_for(self, env: Mapping[str, str], *, with_tests: bool = True) -> Manifest:
        """A copy of the manifest: a run leaves its traces, which the next run must not see.

        It is one of those that were made ahead if there are some. Without tests, dbt has a third
        of the nodes to copy and to order.
        """
        if self.spares:
            return self.spares.pop()
        kept = copy(self.manifest)
        if not with_tests:
            kept.unit_tests, kept.exposures = {}, {}
            kept.nodes = {
                name: node for name, node in kept.nodes.items() if node.resource_type != "test"
            }
        return kept.deepcopy()

    def changed(self, *changes: Callable[[dict[str, Any]], None]) -> Self:
        """The project after changes to its models, which each change finds by name."""
        other = copy(self)
        other.manifest, other.spares = self.manifest.deepcopy(), []
        models = {
            node.name: node
            for node in other.manifest.nodes.values()
            if node.resource_type == "model"
        }
        for change in changes:
            change(models)
        other.manifest.build_flat_graph()
        return other

    @contextmanager
    def lent(self, env: Mapping[str, str]) -> Iterator[None]:
        """Let what runs dbt in this process find the project parsed."""

        def parsed(callbacks: list[Any] | None = None) -> dbtRunner:
            return dbtRunner(manifest=self.manifest_for(env), callbacks=callbacks)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dbt.cli.main.dbtRunner", parsed)
            yield

    def compile(
        self, selection: str, *, env: Mapping[str, str], manifest: Manifest | None = None
    ) -> list[Any]:
        """The nodes of a selection, with the SQL that dbt made of them."""
        result = self._invoke(
            dbtRunner(manifest=manifest or self.manifest_for(env)),
            *("compile", "--select", selection, "--threads", "1"),
            env=env,
        )
        assert result.success, result.exception
        return [found.node for found in result.result.results]

    def compiled(self, model: str) -> str:
        """The SQL that dbt made of a model when it last compiled or ran it."""
        (node,) = (
            node
            for node in self.manifest.nodes.values()
            if node.name == model and node.resource_type == "model"
        )
        compiled = self.folder / "target" / "compiled" / node.package_name
        return (compiled / node.original_file_path).read_text()

    def _invoke(self, runner: dbtRunner, *words: str, env: Mapping[str, str]) -> Any:
        folders = {
            "--project-dir": self.root,
            "--profiles-dir": self.root,
            "--target-path": self.folder / "target",
            "--log-path": self.folder / "logs",
        }
        options = [str(part) for option in folders.items() for part in option]
        with environment(self._unit_tests | dict(env)):
            try:
                return runner.invoke([*TERSELY, *words, *options])
            finally:
                # dbt keeps a DuckDB file open, and locked, for as long as the process lives.
                DuckDBConnectionManager.close_all_connections()


class DuckDbProject(Project):
    """The project parsed for DuckDB: every file of the one name is the same to dbt."""

    def __init__(self, folder: Path, like: DuckDbProject | None = None, **options: Any) -> None:
        # Another path would have dbt parse all files anew.
        place = like.folder if like else folder
        super().__init__(folder, at(place / FILE_NAME), like=like, **options)

    @contextmanager
    def in_place(
        self, path: Path, variables: Variables = None
    ) -> Iterator[tuple[list[Any], dict[str, str]]]:
        """Give words and variables with which a process of dbt's finds the warehouse at `path`.

        The file lies meanwhile in the place that was parsed for, so that dbt need not parse again;
        for each set of vars it parses once.
        """
        words = vars_as_words(variables)
        processes = self.folder / " ".join(["target of processes", *words])
        if not processes.exists():
            shutil.copytree(self.folder / "target", processes)
        move_warehouse(path, self.folder / FILE_NAME)
        try:
            options = ["--project-dir", REPOSITORY, "--log-path", self.folder / "logs", *words]
            env = {"DBT_PROFILES_DIR": str(REPOSITORY), "NO_COLOR": "1"}
            yield (
                [*options, "--target-path", processes],
                dict(os.environ) | env | self._unit_tests | at(self.folder / FILE_NAME),
            )
        finally:
            move_warehouse(self.folder / FILE_NAME, path)

    def command_line(
        self, *words: str | Path, path: Path, variables: Variables = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run dbt as people do, in a process of its own."""
        place = self.in_place(path, variables)
        with place as (options, found), tempfile.TemporaryDirectory() as folder:
            return subprocess.run(
                dbt_command(*words, *options),
                capture_output=True,
                text=True,
                check=False,
                cwd=folder,
                env=found | env,
                timeout=600,
            )


class PostgresProject(Project):
    """The project parsed for PostgreSQL, whatever the server and the database."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self._database = "parsed_for"
        env = {"TUTORMAX_TARGET": "postgres", "TUTORMAX_PG_DATABASE": self._database}
        super().__init__(folder, env, **options)

    def manifest_for(self, env: Mapping[str, str], *, with_tests: bool = True) -> Manifest:
        """A copy of the manifest, in which relations lie in the database of the environment."""
        before, self._database = self._database, env["TUTORMAX_PG_DATABASE"]
        held = self.manifest
        relations: list[Any] = [*held.nodes.values(), *held.sources.values()]
        relations += [model.node_relation for model in held.semantic_models.values()]
        for relation in relations:
            assert relation.database == before, relation
            relation.database = self._database
            if relation.relation_name:
                relation.relation_name = relation.relation_name.replace(
                    f'"{before}"', f'"{self._database}"'
                )
        return super().manifest_for(env, with_tests=with_tests)


def at(path: Path) -> dict[str, str]:
    """The environment in which the warehouse is a DuckDB file."""
    return {"TUTORMAX_TARGET": "duckdb", "TUTORMAX_DUCKDB_PATH": str(path)}


def move_warehouse(path: Path, place: Path) -> None:
    """Move a DuckDB file, and what lies beside it that is not in it yet."""
    for file in path.parent.glob(f"{path.name}*"):
        file.rename(place.with_name(place.name + file.name.removeprefix(path.name)))


def dbt_command(*words: str | Path) -> Sequence[str | Path]:
    """The words that run dbt in a process of its own."""
    return [Path(sys.executable).with_name("dbt"), *words]


def vars_as_words(variables: Variables) -> tuple[str, ...]:
    if not variables:
        return ()
    return "--vars", variables if isinstance(variables, str) else json.dumps(dict(variables))


def before_model(manifest: Manifest, model: str, sql: str) -> None:
    """Let a statement run just before a model: what happens while a build runs."""
    (node,) = (
        node
        for node in manifest.nodes.values()
        if node.name == model and isinstance(node, ModelNode)
    )
    hook = Hook(sql)
    if hook not in node.config.pre_hook:
        node.config.pre_hook.append(hook)


class Model:
    """A model of the manifest that is kept as a table, or as a view."""

    def __init__(self, node: Any) -> None:
        self.name: str = node.name
        self.alias: str = node.alias
        self.schema: str = node.schema
        self.is_incremental: bool = node.config.materialized == "incremental"
        self.kind = "view" if node.config.materialized == "replaced_view" else "table"
        key = node.config.unique_key
        self.key: list[str] = [key] if isinstance(key, str) else list(key or [])
        meta = node.config.meta
        self.audit = set(meta.get("audit", {}).values())

    def relation(self) -> str:
        return f'{self.schema}."{self.alias}"'


def kept_models(manifest: Manifest) -> list[Model]:
    """Every model that dbt keeps, so that a new one cannot be forgotten."""
    models = [
        Model(node)
        for node in manifest.nodes.values()
        if node.resource_type == "model" and node.config.materialized != "ephemeral"
    ]
    assert sum(model.is_incremental for model in models) > 10
    return models
