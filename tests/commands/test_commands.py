"""The commands that the README names, run as it writes them, in a copy of the repository.

Only a deep run takes the whole sample.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.folders import temporary_open_folder
from support.project import REPOSITORY as PROJECT
from support.project import environment
from support.shell import copy_repository, run, shell_blocks

README = (PROJECT / "README.md").read_text()
BLOCKS = shell_blocks(README)


@pytest.fixture(scope="module")
def clone(deep: bool) -> Iterator[Path]:
    """A copy of what git tracks or would track, with the environment that the tests run in."""
    sample = {} if deep else {"SAMPLE": "--days 15 --tutors 60 --sessions-per-day 100"}
    with temporary_open_folder() as folder, environment(sample):
        copy_repository(folder)
        yield folder


@pytest.fixture(scope="module")
def built(clone: Path) -> str:
    return run(clone, "make build")


def test_make_build_ends_with_the_summary_that_the_readme_shows(built: str, deep: bool) -> None:
    shown = re.search(r"<!-- summary -->\n```text\n(.*?)```", README, flags=re.DOTALL)
    assert shown
    titles = [line.split(":")[0] for line in shown.group(1).splitlines() if line[0] != " "]
    tail = built.splitlines()[-12:]
    assert titles == ["Raw rows", "Rejected", "Tiers", "Churn", "Changes", "Database"]
    for title in titles:
        assert any(line.startswith(f"{title}:") for line in tail), (title, tail)
    numbers = re.search(r"Raw rows: ([\d,]+) = ([\d,]+) accepted \+ ([\d,]+) rejected", built)
    assert numbers
    raw, accepted, rejected = (int(number.replace(",", "")) for number in numbers.groups())
    assert raw == accepted + rejected
    assert rejected > 0
    assert accepted > (900_000 if deep else 3_000)


def test_a_plain_build_runs_every_data_test_and_no_unit_test(clone: Path, built: str) -> None:
    def written(name: str) -> Any:
        return json.loads((clone / "target" / f"{name}.json").read_text())

    ran = Counter(
        (one["unique_id"].split(".")[0], one["status"]) for one in written("run_results")["results"]
    )
    data_tests = [key for key in written("manifest")["nodes"] if key.startswith("test.")]
    assert len(data_tests) > 200
    assert ran.pop(("test", "pass")) == len(data_tests)
    assert "unit_test" not in {kind for kind, _ in ran}
    assert {status for _, status in ran} == {"success", "no-op"}


def test_the_readme_names_no_other_commands_than_make_knows(clone: Path) -> None:
    known = set(re.findall(r"^make ([a-z-]+)", run(clone, "make help"), flags=re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", README)) - {"are"}
    assert named <= known, named - known


def look_block() -> str:
    return next(block for block in BLOCKS if "dbt show" in block)


@pytest.mark.deep
def test_a_shell_takes_the_block_as_it_is(clone: Path, built: str) -> None:
    shown = run(clone, look_block())
    assert "performance_tier" in shown
    assert "record_key" in shown


@pytest.mark.deep
def test_postgres_by_the_same_command(clone: Path, built: str) -> None:
    """The private server says of the sample what DuckDB says."""
    block = next(block for block in BLOCKS if "TARGET=postgres" in block)
    build, *others = [line.split("#")[0].strip() for line in block.strip().splitlines()]
    try:
        on_postgres = run(clone, build)
        look = on_postgres.splitlines()[-1].strip()
        shown = run(clone, "\n".join([*others, look, "tutormax postgres url"]))
    finally:
        run(clone, ".venv/bin/tutormax postgres stop")
    assert findings(on_postgres) == findings(built)
    assert look.startswith("dbt show --target postgres ")
    assert shown.count("calculation_date") == 1
    assert "performance_tier" in shown
    assert re.fullmatch(r"postgresql://\w+:\w+@127\.0\.0\.1:\d+/tutormax", shown.splitlines()[-1])


def findings(printed: str) -> list[str]:
    """What a summary says of the rows, and not of the place."""
    lines = printed.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("Raw rows:"))
    end = next(n for n, line in enumerate(lines) if line.startswith("Changes:"))
    return lines[start:end]


@pytest.mark.deep
def test_the_documentation_is_made_by_one_command(clone: Path, built: str) -> None:
    """`make docs` builds nothing."""
    assert "incremental model" not in run(clone, "make docs")
    is_one_file(clone / "target" / "static_index.html")


def is_one_file(path: Path) -> None:
    page = path.read_text()
    assert "tutor_performance_metrics" in page
    assert not re.findall(r"<(?:script|link)[^>]+(?:src|href)=\"https?://", page)


def test_your_own_data_go_in_beside_the_sample(clone: Path, built: str) -> None:
    shutil.copytree(PROJECT / "examples" / "csv", clone / "FOLDER")
    block = next(block for block in BLOCKS if "tutormax load FOLDER" in block)
    # The first build has run the data tests.
    activate = "source .venv/bin/activate; export DBT_EXCLUDE_RESOURCE_TYPES=test\n"
    printed = run(clone, activate + block)
    assert "Raw rows: 13 = 13 accepted + 0 rejected" in printed
    assert "data/own.duckdb" in printed
    overview = (clone / "target" / "reports" / "index.html").read_text()
    assert "Synthetic sample data" not in overview


@pytest.mark.deep
def test_a_second_build_adds_no_sample_and_changes_nothing(clone: Path, built: str) -> None:
    printed = run(clone, "make build")
    assert "Raw holds rows already" in printed
    assert "nothing changed in the published tables" in printed


def test_the_pages_are_made_by_one_command(clone: Path, built: str, deep: bool) -> None:
    made = re.search(r"Wrote (\d+) masked pages", run(clone, "make reports"))
    assert made
    assert int(made[1]) > (450 if deep else 40)
    overview = (clone / "target" / "reports" / "index.html").read_text()
    assert "Synthetic sample data" in overview
