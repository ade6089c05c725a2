"""Which tests notice which mutants, on a fixed sample: what a cut of the tests would lose.

make mutants-coverage                                    # unit tests, data tests, scenario steps
make mutants-coverage STAGES=replays SEEDS=0-15          # replays, of mutants that those miss
make mutants-coverage STAGES=pytest FILES=tests/commands # files of pytest, of the same mutants
make mutants-coverage UNNOTICED=1 STAGES=pytest FILES=... # only of what nothing noticed so far
make mutants-coverage REPORT=1                           # only print what is known

Every run goes on where the last one stopped, and ends with what nothing notices any more, compared
with noticed.jsonl beside this file: the results before the tests were last cut. `make mutants`
stops at the first test that notices; here all of a stage are run, so that the table can say which
mutants only one test notices.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from children import in_children
from mutants import (
    REPOSITORY,
    Mutant,
    MutantProject,
    Project,
    all_files,
    known_equivalents,
    mutants_of,
)

from support.folders import folder_of_run

RESULTS = REPOSITORY / "target" / "mutants-coverage.jsonl"
BEFORE = Path(__file__).with_name("noticed.jsonl")
ONE_OF = 12
"""A file gives one of so many of its mutants to the sample, and at least one."""

STAGES = ("unit", "data", "steps")
QUICK_STAGES = ("unit", "data")
"""The others are run on what neither of these notices."""

SLOW_STAGES = ("replays", "pytest")
"""What takes minutes a mutant: run on so many as the limit says."""

PROCESSOR_SECONDS = 3600
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.M)

Name = tuple[str, str]
"""The file of a mutant and its change."""

Noticed = dict[Name, dict[str, list[str]]]
"""By mutant and stage: the tests that noticed."""


def sample(one_of: int = ONE_OF) -> list[Mutant]:
    """Mutants of every file, chosen by a hash of the change: other edits leave the choice alone."""
    explained = known_equivalents()
    chosen = []
    for path in all_files():
        able = {one.change: one for one in mutants_of(path) if (path, one.change) not in explained}
        ranked = sorted(able, key=lambda change: hashlib.sha256(change.encode()).digest())
        chosen += [able[change] for change in ranked[: max(1, round(len(able) / one_of))]]
    return chosen


def read(results: Path) -> Noticed:
    """What earlier runs found; a later line of the same mutant and stage adds to an earlier."""
    found: Noticed = defaultdict(dict)
    for line in results.read_text().splitlines() if results.exists() else []:
        one = json.loads(line)
        held = found[one["path"], one["change"]].setdefault(one["stage"], [])
        held += [test for test in one["tests"] if test not in held]
    return found


def write(results: Path, mutant: Mutant, stage: str, tests: list[str]) -> None:
    told = {"path": mutant.path, "change": mutant.change, "stage": stage, "tests": tests}
    with results.open("a") as file:
        file.write(json.dumps(told) + "\n")


def run_pytest(mutant: Mutant, files: list[str], within: Path) -> list[str]:
    """The tests of some files that fail in a copy of the repository with the mutant in it."""
    with tempfile.TemporaryDirectory(dir=within) as folder:
        copy = Path(folder)
        copy.chmod(0o711)
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=REPOSITORY, check=True, capture_output=True, text=True,
        )  # fmt: skip
        for name in listed.stdout.splitlines():
            if (REPOSITORY / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(REPOSITORY / name, copy / name)
        (copy / ".venv").symlink_to(REPOSITORY / ".venv")
        (copy / mutant.path).write_text(mutant.text)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rfE", *files],
            cwd=copy, check=False, capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": str(copy)},
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stdout[-2000:] + done.stderr[-2000:]
        return FAILED.findall(done.stdout)


def numbers(text: str) -> list[int]:
    """The numbers of "0-3,7"."""
    bounds = [part.split("-") for part in text.split(",")]
    return [number for part in bounds for number in range(int(part[0]), int(part[-1]) + 1)]


def report(mutants: Iterable[Mutant], found: Noticed) -> None:
    """Print the table of tests and what only they notice, and what no test of `make test` does."""
    by_test: dict[str, list[Name]] = defaultdict(list)
    alone: dict[str, list[Name]] = defaultdict(list)
    missed = []
    for one in mutants:
        name = one.path, one.change
        held = found.get(name, {})
        tests = [test for stage in held for test in held[stage] if stage != "steps"]
        for test in tests:
            by_test[test].append(name)
        if len(tests) == 1:
            alone[tests[0]].append(name)
        if not tests:
            missed.append((one, held.get("steps")))
    for test in sorted(by_test, key=lambda test: (-len(alone[test]), -len(by_test[test]), test)):
        print(f"{test}: notices {len(by_test[test])}, alone {len(alone[test])}")
        for path, change in alone[test]:
            print(f"    {path}: {change}")
    print("\nNoticed by no test (what a scenario step says of them):")
    for one, steps in missed:
        print(f"    {one.path}:{one.line}: {one.change}: {', '.join(steps or ['nothing'])}")


def lost(mutants: Iterable[Mutant], before: Noticed, after: Noticed) -> list[Name]:
    """What tests noticed before and notice no longer; steps are no part of `make test`."""

    def is_noticed(found: Noticed, name: Name) -> bool:
        return any(tests for stage, tests in found.get(name, {}).items() if stage != "steps")

    known = {(one.path, one.change) for one in mutants}
    return [
        name for name in after
        if name in known and is_noticed(before, name) and not is_noticed(after, name)
    ]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description="Which tests notice which mutants.")
    parser.add_argument("--stages", default=" ".join(STAGES))
    parser.add_argument("--seeds", default="0-7", help="replays to run, as 0-3,7")
    parser.add_argument("--files", default="", help="files and tests of pytest to run")
    parser.add_argument("--unnoticed", action="store_true", help="only what nothing noticed yet")
    parser.add_argument("--one-of", type=int, default=ONE_OF)
    parser.add_argument("--limit", type=int, default=30, help="so many mutants in slow stages")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--report", action="store_true", help="only print what is known")
    parser.add_argument("--before", type=Path, default=BEFORE, help="results of earlier tests")
    options = parser.parse_args()
    options.results.parent.mkdir(exist_ok=True)
    mutants = sample(options.one_of)
    stages = [] if options.report else options.stages.split()
    began = time.monotonic()
    for stage in stages:
        found = read(options.results)
        run_stage(stage, mutants, found, options)
    found = read(options.results)
    report(mutants, found)
    print(f"\n{len(mutants)} mutants, {(time.monotonic() - began) / 60:.1f} minutes.")
    gone = lost(mutants, read(options.before), found)
    for path, change in gone:
        print(f"No longer noticed: {path}: {change}")
    return int(bool(gone))


def run_stage(
    stage: str, mutants: list[Mutant], found: Noticed, options: argparse.Namespace
) -> None:
    """Run one stage on what it has not been run on, and write what noticed."""

    # What is run in this stage is part of its name, so that more of it can be run later.
    what = {"replays": options.seeds, "pytest": options.files}.get(stage, "")
    name = f"{stage} {what}".strip()

    def is_wanted(one: Mutant) -> bool:
        held = found.get((one.path, one.change), {})
        others = {other for other in held if other != "steps"}
        if not options.unnoticed:
            others &= {*QUICK_STAGES}
        return stage in QUICK_STAGES or not any(held[other] for other in others)

    mutants = [one for one in mutants if is_wanted(one)]
    if stage in SLOW_STAGES:
        mutants = mutants[: options.limit]
    waiting = [one for one in mutants if name not in found.get((one.path, one.change), {})]
    print(f"{name}: {len(waiting)} of {len(mutants)} mutants to run.", flush=True)
    if not waiting:
        return
    with folder_of_run("mutants") as folder:
        if stage == "pytest":
            files = options.files.split()
            jobs = [(one, partial(run_pytest, one, files, folder)) for one in waiting]
        else:
            project = MutantProject(Project(folder, unit_tests=True), folder)
            project.prepare({one.path for one in waiting})
            seeds = numbers(options.seeds)
            jobs = [
                (one, partial(project.noticed, stage, one.path, one.text, seeds)) for one in waiting
            ]
        results = in_children(jobs, options.processes, PROCESSOR_SECONDS)
        for number, (one, told) in enumerate(results, start=1):
            tests = ["it does not come to an end"] if told is None else told
            write(options.results, one, name, tests)
            print(
                f"[{number}/{len(waiting)}] {stage}: {one.path}:{one.line} {one.change}:"
                f" {' '.join(tests[:3]) or 'nothing notices'}",
                flush=True,
            )


if __name__ == "__main__":
    sys.exit(main())
