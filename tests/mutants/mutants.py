"""Put faults into the SQL of the project, one at a time, and see whether a test notices.

make mutants                            # everything, some hours
make mutants MODELS="sessions is_blank" # these models and macros
make mutants SINCE=main                 # what has changed since
make mutants RESUME=1                   # go on where the last run was interrupted
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

# dbt's locks die with the forked processes; Python's tracker of them would tell at the end.
os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from children import in_children
from operators import edits
from project import REPOSITORY, MutantProject, Project, Verdict

from support.folders import folder_of_run

GOAL = 0.95
PROCESSOR_SECONDS = 600
"""A mutant may never come to an end."""

EQUIVALENT = Path(__file__).with_name("equivalent.toml")
RESULTS = REPOSITORY / "target" / "mutants.jsonl"

NOT_MUTATED = {
    "macros/dialect/build_lock.sql": "PostgreSQL alone; test_concurrency.py",
    "macros/dialect/create_once.sql": "PostgreSQL alone; test_concurrency.py",
    "macros/dialect/create_schema.sql": "PostgreSQL alone; test_concurrency.py",
    "macros/dialect/drop_alone.sql": "PostgreSQL alone; test_shared_server.py",
    "macros/dialect/get_columns_in_relation.sql": "PostgreSQL alone; test_engine_parity.py",
    "macros/dialect/locked_sentence.sql": "PostgreSQL alone; test_shared_server.py",
    "macros/dialect/session_settings.sql": "PostgreSQL alone; test_shared_server.py",
    "macros/dialect/spark_directory.sql": "Spark alone; test_spark.py",
    "macros/dialect/with_views_made_again.sql": "PostgreSQL alone; test_contract_changes.py",
    "macros/dialect/without_values_in_errors.sql": "PostgreSQL alone; test_contract_changes.py",
    "macros/materializations/alter_to_contract.sql": "altered tables; test_contract_changes.py",
    "macros/materializations/replaced_view.sql": "how a view is made; test_shared_server.py",
    "macros/operations": "commands and checks around a build, not what models select",
}
"""Files and folders that no mutant is made of, and why."""

OTHER_ENGINE = re.compile(r"\{%-? materialization \w+, adapter='(?!duckdb')")
"""A file with a materialization of another engine is that engine's: no test on DuckDB calls it."""


@dataclass(frozen=True)
class Mutant:
    """A file with one edit."""

    path: str
    kind: str
    line: int
    text: str
    before: str
    after: str

    @property
    def change(self) -> str:
        return f"{self.before} => {self.after}"

    @property
    def name(self) -> tuple[str, int, str]:
        return self.path, self.line, self.change


def mutants_of(path: str) -> list[Mutant]:
    """Every mutant of a file of the repository."""
    text = (REPOSITORY / path).read_text()
    return [mutant(path, text, edit.apply(text), edit.kind) for edit in edits(text)]


def mutant(path: str, text: str, mutated: str, kind: str) -> Mutant:
    """The lines that differ name a mutant, without their indentation."""
    old, new = text.splitlines(), mutated.splitlines()
    first = next(i for i, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1])
    while old and new and old[-1] == new[-1] and min(len(old), len(new)) > first + 1:
        old.pop()
        new.pop()

    def joined(lines: list[str]) -> str:
        return " ".join(line.strip() for line in lines[first:])

    return Mutant(path, kind, first + 1, mutated, joined(old), joined(new))


def diff(one: Mutant) -> str:
    old = (REPOSITORY / one.path).read_text().splitlines()
    lines = difflib.unified_diff(old, one.text.splitlines(), one.path, one.path, lineterm="", n=1)
    return "\n".join(lines)


def known_equivalents(file: Path = EQUIVALENT) -> dict[tuple[str, str], str]:
    """Changes that change nothing anybody could see, and why, by file and change."""
    entries = tomllib.loads(file.read_text()).get("equivalent", [])
    return {
        (entry["file"], change): entry["why"] for entry in entries for change in entry["changes"]
    }


def all_files() -> list[str]:
    """The files that mutants are made of: marts first, then what leads to them."""
    folders = ("performance", "activity", "staging", "churn", "core", "quality", "acceptance")
    paths = [
        path.relative_to(REPOSITORY).as_posix()
        for folder in ("models", "macros")
        for path in (REPOSITORY / folder).rglob("*.sql")
    ]

    def place(path: str) -> tuple[int, int, str]:
        at = next((n for n, folder in enumerate(folders) if f"/{folder}/" in path), len(folders))
        return path.startswith("macros/"), at, path

    mutated = (
        path
        for path in paths
        if not path.startswith(tuple(NOT_MUTATED))
        and not OTHER_ENGINE.search((REPOSITORY / path).read_text())
    )
    return sorted(mutated, key=place)


def changed_files(since: str) -> list[str]:
    """The files in which the working tree differs from a commit; YAML stands for its model."""
    done = subprocess.run(
        ["git", "diff", "--name-only", "--relative", since],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    if done.returncode:
        sys.exit(f"git knows no {since}: give SINCE a commit, branch or tag.")
    changed = {name.removesuffix(".yml").removesuffix(".sql") for name in done.stdout.split()}
    return [path for path in all_files() if path.removesuffix(".sql") in changed]


def named_files(names: Iterable[str]) -> list[str]:
    """The files of models and macros by their names."""
    files = {Path(path).stem: path for path in all_files()}
    for name in names:
        if name not in files and name not in files.values():
            sys.exit(f"There is no model or macro file {name} that mutants are made of.")
    return [files.get(name, name) for name in names]


def run(
    project: MutantProject, mutants: Iterable[Mutant], processes: int = 2
) -> Iterator[tuple[Mutant, Verdict]]:
    """Judge mutants, so many at once, and give each as it is done."""

    def jobs() -> Iterator[tuple[Mutant, Callable[[], Verdict]]]:
        for one in mutants:
            project.prepare_file(one.path)
            yield one, partial(project.judge, one.path, one.text)

    for one, verdict in in_children(jobs(), processes, PROCESSOR_SECONDS):
        yield one, verdict or Verdict("killed", "it does not come to an end")


def verdicts(results: Path) -> dict[tuple[str, int, str], Verdict]:
    """What an earlier run found, by the names of mutants; the last word counts."""
    told = [json.loads(line) for line in results.read_text().splitlines()]
    return {
        (one["path"], one["line"], one["change"]): Verdict(one["fate"], one["by"]) for one in told
    }


def report(
    judged: list[tuple[Mutant, Verdict]], equivalents: dict[tuple[str, str], str], paths: list[str]
) -> int:
    """Print survivors, stale entries and the score; 1 if the goal is missed."""
    fates: Counter[str] = Counter()
    used = set()
    # The same change may be made in several lines: the reason is of those that survive.
    alive = {(one.path, one.change) for one, verdict in judged if verdict.fate == "survived"}
    for one, verdict in judged:
        fate = verdict.fate
        if (one.path, one.change) in equivalents:
            used.add((one.path, one.change))
            fate = "equivalent" if fate == "survived" else fate
            if fate == "killed" and (one.path, one.change) not in alive:
                print(f"Not equivalent, it was killed by {verdict.by}: {one.path}: {one.change}")
                fates["wrong"] += 1
        fates[fate] += 1
        if fate == "survived":
            print(f"\nSurvived ({one.kind}):\n{diff(one)}")
    stale = sorted(key for key in equivalents.keys() - used if key[0] in paths)
    for path, change in stale:
        print(f"Stale in {EQUIVALENT.name}: {path}: {change}")
    counted = fates["killed"] + fates["survived"]
    score = fates["killed"] / counted if counted else 1.0
    print(
        f"\n{len(judged)} mutants: {fates['killed']} killed, {fates['survived']} survived,"
        f" {fates['stillborn']} stillborn, {fates['equivalent']} equivalent."
        f" Score: {score:.1%} of {counted}; the goal is {GOAL:.0%}."
    )
    return int(score < GOAL or bool(stale) or bool(fates["wrong"]))


def judge(
    mutants: list[Mutant], results: Path, processes: int, *, anew: bool
) -> list[tuple[Mutant, Verdict]]:
    """Judge mutants, and tell each verdict as it is found; in a file too, anew or after others."""
    judged = []
    results.parent.mkdir(exist_ok=True)
    with folder_of_run("mutants") as folder, results.open("w" if anew else "a") as file:
        project = MutantProject(Project(folder, unit_tests=True), folder)
        project.prepare({one.path for one in mutants})
        for one, verdict in run(project, mutants, processes):
            judged.append((one, verdict))
            told = {"path": one.path, "line": one.line, "kind": one.kind, "change": one.change}
            file.write(json.dumps(told | asdict(verdict)) + "\n")
            file.flush()
            print(
                f"[{len(judged)}/{len(mutants)}] {verdict.fate:9} {one.path}:{one.line}"
                f" {one.kind}: {verdict.by or one.change}",
                flush=True,
            )
    return judged


def main() -> int:
    parser = argparse.ArgumentParser(description="Put faults into the SQL and see who notices.")
    parser.add_argument("--models", default="", help="names of models and macro files")
    parser.add_argument("--since", default="", help="a commit: what has changed since")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS, help="a file of JSON lines")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth: a sample")
    parser.add_argument("--survivors", action="store_true", help="what survived the last run")
    parser.add_argument("--resume", action="store_true", help="judge what the results lack")
    parser.add_argument("--list", action="store_true", help="only print the mutants")
    options = parser.parse_args()
    if options.since:
        paths = changed_files(options.since)
    else:
        paths = named_files(options.models.split()) if options.models else all_files()
    mutants = [one for path in paths for one in mutants_of(path)][:: options.every]
    judged: list[tuple[Mutant, Verdict]] = []
    if options.survivors or options.resume:
        known = verdicts(options.results)
        if options.survivors:
            mutants = [one for one in mutants if known.get(one.name) == Verdict("survived")]
        else:
            judged = [(one, known[one.name]) for one in mutants if one.name in known]
            mutants = [one for one in mutants if one.name not in known]
    # A survivor takes longest; one that is explained is only seen again.
    explained = known_equivalents()
    mutants.sort(key=lambda one: (one.path, one.change) in explained)
    if options.list or not mutants + judged:
        for one in mutants:
            print(f"{one.path}:{one.line}: {one.kind}: {one.change}")
        print(f"{len(mutants)} mutants.")
        return 0
    began = time.monotonic()
    if mutants:
        is_whole = not (options.survivors or options.resume)
        judged += judge(mutants, options.results, options.processes, anew=is_whole)
    is_sample = options.every > 1 or options.survivors
    status = report(judged, explained, [] if is_sample else paths)
    print(f"{(time.monotonic() - began) / 60:.1f} minutes.")
    return status


if __name__ == "__main__":
    sys.exit(main())
