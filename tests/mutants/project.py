"""The dbt project with a mutant in it, and what runs on that, in a process forked for it.

The parent never opens a warehouse, so that a child may change the manifest and run dbt as it likes.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import unit_tests
from children import Child
from fingerprints import Fingerprints, changed_rows, fingerprints
from steps import (
    ARRIVE_MEANWHILE,
    OF_MODELS,
    QUIET,
    SELECTED,
    STEPS,
    VARIABLES,
    Step,
    idle,
)
from unit_tests import BrokenSqlError, UnitTest, failures, first_failure
from verdicts import Verdict, ended_well, of_failure

from support.project import (
    FILE_NAME,
    REPOSITORY,
    Build,
    Model,
    at,
    before_model,
    kept_models,
    spare_collector,
)
from support.project import DuckDbProject as Project
from support.replay.whims import replay
from support.replay.worlds import random_slices
from support.warehouses import DuckDbWarehouse as Warehouse
from tutormax.schema import LOADED_AT

SEED = 126
"""A replay of 130 days in several slices, with rows that break rules."""

SPARES = 3
"""Copies of the manifest that every child begins with: to make one is half of what it does."""

MACRO = re.compile(r"\{%-?\s*macro\s+(?P<name>\w+)\(.*?endmacro\s*-?%\}", re.S)
MACHINERY = ("macros/recompute/", "macros/materializations/", "macros/operations/")
"""What every incremental model runs through, whatever its own SQL calls."""

QUICKLY = ("--threads", "1", "--log-level", "none")
ANYTHING_GOES = {"allow_mass_delete": True}


OF_MACROS = re.compile(r"\{%- for name, macro in tutormax\.items\(\).*?\{%- endfor -%\}", re.DOTALL)
"""What has a build recompute everything after a change of a macro: it would notice any mutant."""


def unnoticed(macro_sql: str) -> str:
    """The text of a macro, without what notices that macros have changed."""
    return OF_MACROS.sub("", macro_sql)


class MutantProject:
    """The project, parsed, and warehouses that the unmutated project built step by step."""

    def __init__(self, project: Project, folder: Path, steps: list[Step] = STEPS) -> None:
        self.project = project
        self.steps = steps
        self.of_models = min(OF_MODELS, len(steps))
        self.folder = folder
        self.manifest = project.manifest
        for macro in self.manifest.macros.values():
            macro.macro_sql = unnoticed(macro.macro_sql)
        self.models = {model.name: model for model in kept_models(self.manifest)}
        self.slices = random_slices(SEED)
        self.expected: list[Fingerprints] = []
        self.unit_tests: dict[str, list[UnitTest]] = {}
        self.data_tests: dict[str, str] = {}

    # What stands in the manifest.

    def model_at(self, path: str) -> Any:
        """The node of a model's file, if the path is one."""
        return next(
            (
                node
                for node in self.manifest.nodes.values()
                if node.resource_type == "model" and node.original_file_path == path
            ),
            None,
        )

    def macros_at(self, path: str) -> list[Any]:
        return [
            macro for macro in self.manifest.macros.values() if macro.original_file_path == path
        ]

    def users(self, path: str) -> list[str]:
        """The models whose SQL a file takes part in."""
        node = self.model_at(path)
        if node is not None:
            return [node.name]
        wanted = {macro.unique_id for macro in self.macros_at(path)}
        wanted |= {re.sub(r"\.(default|duckdb)__", ".", name) for name in wanted}
        while True:
            more = {
                name
                for name, macro in self.manifest.macros.items()
                if name not in wanted and wanted & set(macro.depends_on.macros)
            }
            if not more:
                break
            wanted |= more
        return sorted(
            node.name
            for node in self.manifest.nodes.values()
            if node.resource_type == "model" and wanted & set(node.depends_on.macros)
        )

    def put(self, path: str, text: str) -> bool:
        """Put the text of a file into the manifest; false if it makes no difference there."""
        node = self.model_at(path)
        blocks = {match["name"]: unnoticed(match[0]) for match in MACRO.finditer(text)}
        macros = self.macros_at(path)
        changed = node is not None and node.raw_code != text.strip()
        changed |= any(blocks[macro.name] != macro.macro_sql for macro in macros)
        for manifest in (self.manifest, *self.project.spares):
            if node is not None:
                manifest.nodes[node.unique_id].raw_code = text.strip()
            for macro in macros:
                manifest.macros[macro.unique_id].macro_sql = blocks[macro.name]
        return bool(changed)

    # What is run.

    def run(self, *words: str, path: Path, step: Step = idle) -> Build:
        for manifest in (self.manifest, *self.project.spares):
            for model, sql in ARRIVE_MEANWHILE.items():
                before_model(manifest, model, sql)
        variables = ANYTHING_GOES | VARIABLES.get(step, {})
        words = (*words, *SELECTED.get(step, ()), *QUICKLY)
        return self.project.run(*words, env=at(path), variables=variables)

    def prepare(self, paths: Iterable[str]) -> None:
        """Build the unmutated project step by step, and keep what it gave; and its unit tests."""
        models = sorted({name for path in paths for name in self.users(path)})

        def build() -> tuple[list[Fingerprints], dict[str, list[UnitTest]], dict[str, str]]:
            path = self.folder / "base"
            path.mkdir()
            warehouse = Warehouse(self.project, path)
            assert self.run("seed", path=warehouse.path).succeeded
            shutil.copyfile(warehouse.path, self.empty)
            expected = []
            for number, step in enumerate(self.steps):
                step(self, warehouse)
                if not number:
                    shutil.copyfile(warehouse.path, self.unbuilt)
                done = self.run("run", path=warehouse.path, step=step)
                assert ended_well(done, step), done.message
                expected.append(fingerprints(warehouse, self.models.values()))
                if number < self.of_models:
                    shutil.copyfile(warehouse.path, self.built(number))
            kept = unit_tests.keep(self.project, warehouse.path, models)
            compiled = self.project.compile("test_type:data", env=at(warehouse.path))
            return expected, kept, {test.name: test.compiled_code for test in compiled}

        prepared = Child(build).result()
        assert prepared, "the unmutated project does not build"
        self.expected, self.unit_tests, self.data_tests = prepared
        self.project.spares = [self.manifest.deepcopy() for _ in range(SPARES)]
        spare_collector()
        for number, step in enumerate(self.steps[1:], start=1):
            before, after = self.expected[number - 1 : number + 1]
            changed = {name for name in self.models if before[name] != after[name]}
            assert changed or step in QUIET, step.__name__

    def prepare_file(self, path: str) -> None:
        """Build what the mutants of a file do not change, step by step."""
        if self.is_machinery(path) or self.beside(path, 1).exists():
            return
        users = self.users(path)
        others = [] if self.all_use(path) else ["--exclude", *(f"{name}+" for name in users)]

        def build() -> bool:
            for number in range(1, self.of_models):
                place = self.beside(path, number)
                place.mkdir()
                shutil.copyfile(self.built(number - 1), place / FILE_NAME)
                warehouse = Warehouse(self.project, place)
                self.steps[number](self, warehouse)
                if others:
                    done = self.run("run", *others, path=warehouse.path)
                    assert done.succeeded, done.message
            return True

        assert Child(build).result(), f"the unmutated project does not build without {path}"

    def all_use(self, path: str) -> bool:
        """Whether nothing is left of the project without the models that a file takes part in."""
        return self.downstream(self.users(path)) == set(self.models)

    def built(self, number: int) -> Path:
        """The warehouse that the unmutated project built in a step."""
        return self.folder / f"step{number}.duckdb"

    @property
    def unbuilt(self) -> Path:
        """The warehouse before its first build."""
        return self.folder / "unbuilt.duckdb"

    @property
    def empty(self) -> Path:
        """A warehouse with empty raw and with the seeds."""
        return self.folder / "empty.duckdb"

    def beside(self, path: str, number: int) -> Path:
        """Where the warehouse of a file and a step is."""
        return self.folder / f"{path.replace('/', '-')}-{number}"

    def is_machinery(self, path: str) -> bool:
        """Whether every incremental model runs through a file, whatever its own SQL calls."""
        return path.startswith(MACHINERY)

    def judge(self, path: str, text: str) -> Verdict:
        """Everything a mutant must get past, what kills most first; stops at the first kill."""
        if not self.put(path, text):
            return Verdict("stillborn", "no difference")
        users = self.users(path)
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            tries = [
                lambda: self.unit_test(Path(folder) / "unit", users),
                lambda: self.compare(Path(folder) / "built", path, users),
            ]
            if self.is_machinery(path):
                tries.reverse()
            verdicts = (one() for one in tries)
            return next((verdict for verdict in verdicts if verdict), Verdict("survived"))

    def unit_test(self, folder: Path, users: list[str]) -> Verdict | None:
        """Run the unit tests of the models that a mutant takes part in."""
        tests = {name: self.unit_tests[name] for name in users if name in self.unit_tests}
        if not tests:
            return None
        folder.mkdir()
        shutil.copyfile(self.built(0), folder / FILE_NAME)
        fewest_first = dict(sorted(tests.items(), key=lambda item: len(item[1])))
        try:
            name, error = first_failure(self.project, folder / FILE_NAME, fewest_first)
        except BrokenSqlError as broken:
            return Verdict("stillborn", str(broken))
        return Verdict("killed", f"unit test {name} {error}".strip()) if name else None

    def noticed(self, stage: str, path: str, text: str, seeds: Iterable[int]) -> list[str]:
        """The names of all tests of a stage that notice a mutant."""
        if not self.put(path, text):
            return []
        users = self.users(path)
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            warehouse = Warehouse(self.project, Path(folder))
            if stage == "unit":
                shutil.copyfile(self.built(0), warehouse.path)
                tests = {name: self.unit_tests[name] for name in users if name in self.unit_tests}
                try:
                    found = list(failures(self.project, warehouse.path, tests))
                except BrokenSqlError:
                    return ["not valid SQL"]
                return [f"unit {name}" for name, _ in found]
            if stage == "data":
                return [f"data {name}" for name in self.failing_data_tests(warehouse)]
            if stage == "steps":
                every_step = self.is_machinery(path) or not users
                verdict = self.compare_steps(warehouse, every_step=every_step)
                return [verdict.by] if verdict else []
            return [f"replay {seed}" for seed in seeds if self.is_noticed_by(seed, Path(folder))]

    def failing_data_tests(self, warehouse: Warehouse) -> list[str]:
        """The data tests that fail on a full build of the first slices, or that it fails."""
        shutil.copyfile(self.unbuilt, warehouse.path)
        done = self.run("run", "--fail-fast", path=warehouse.path)
        if not done.succeeded:
            return [of_failure(done, "build").by]
        with warehouse.connection() as connection:
            return [
                name
                for name, sql in self.data_tests.items()
                if connection.execute(f"select count(*) from ({sql})").fetchone() != (0,)
            ]

    def is_noticed_by(self, seed: int, folder: Path) -> bool:
        """Whether a replay on DuckDB fails."""
        place = folder / str(seed)
        place.mkdir()
        seeded = Warehouse(self.project, place)
        shutil.copyfile(self.empty, seeded.path)
        try:
            replay(seeded, seed)
        except AssertionError:
            return True
        return False

    def compare(self, folder: Path, path: str, users: list[str]) -> Verdict | None:
        """Build from nothing, then on: every table must be that of the unmutated project."""
        folder.mkdir()
        warehouse = Warehouse(self.project, folder)
        if self.is_machinery(path) or not users:
            return self.compare_steps(warehouse)
        whole = self.all_use(path)
        gone = set(self.models) if whole else self.downstream(users)
        # Mostly what a mutant takes part in differs already: nothing further down is built then.
        first = [name for name in self.downstream(users) if self.downstream([name]) & set(users)]
        rest = [] if whole else ["--select", *(f"{name}+" for name in users)]
        for selection, built in ((["--select", *first], first), (rest, [])):
            shutil.copyfile(self.built(0), warehouse.path)
            warehouse.execute(
                ";".join(
                    f"drop {self.models[name].kind} if exists {self.models[name].relation()}"
                    for name in gone
                )
            )
            for number in range(self.of_models):
                if number:
                    shutil.copyfile(self.beside(path, number) / FILE_NAME, warehouse.path)
                if verdict := self.build(warehouse, number, selection, built or self.models):
                    return verdict
        return None

    def compare_steps(self, warehouse: Warehouse, *, every_step: bool = True) -> Verdict | None:
        """Build on what the unmutated project built; then from nothing, and on."""
        roads = [(self.built(0), range(1, len(self.steps))), (self.unbuilt, range(self.of_models))]
        for place, numbers in roads if every_step else roads[1:]:
            shutil.copyfile(place, warehouse.path)
            for number in numbers:
                if number:
                    self.steps[number](self, warehouse)
                if verdict := self.build(warehouse, number):
                    return verdict
        return None

    def build(
        self,
        warehouse: Warehouse,
        number: int,
        selection: Iterable[str] = (),
        compared: Iterable[str] = (),
    ) -> Verdict | None:
        """Build after a step, and look for what differs: of some tables, or of all and the plan."""
        step = self.steps[number]
        done = self.run("run", "--fail-fast", *selection, path=warehouse.path, step=step)
        if not ended_well(done, step):
            return of_failure(done, f"build ({step.__name__})")
        found = fingerprints(warehouse, self.models.values())
        for name in compared or self.expected[number]:
            if found.get(name) != self.expected[number][name]:
                return Verdict("killed", f"{name} differs ({step.__name__})")
        if step is idle and changed_rows(warehouse):
            return Verdict("killed", "rows change in an idle build")
        return None

    def last_arrival(self) -> datetime:
        """When the last row of the slices arrives."""
        return max(row[LOADED_AT] for held in self.slices for rows in held.values() for row in rows)

    def downstream(self, users: list[str]) -> set[str]:
        names = {
            node.unique_id: node.name
            for node in self.manifest.nodes.values()
            if node.resource_type == "model"
        }
        reached = {key for key, name in names.items() if name in users}
        waiting = list(reached)
        while waiting:
            for child in self.manifest.child_map[waiting.pop()]:
                if child in names and child not in reached:
                    reached.add(child)
                    waiting.append(child)
        return {names[key] for key in reached}


__all__ = ["REPOSITORY", "Model", "MutantProject", "Project", "Verdict"]
