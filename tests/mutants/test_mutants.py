"""The tool that puts faults into the SQL: it makes them, kills them, and owns up to survivors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mutants
import pytest
from mutants import Mutant, all_files, known_equivalents, mutant, mutants_of, report, run
from operators import edits
from project import MACRO, MutantProject, Verdict
from steps import STEPS, arrivals

from support.folders import folder_of_run
from support.project import REPOSITORY
from support.project import DuckDbProject as Project

MODEL = "models/intermediate/churn/int_churn__churn_events.sql"
KNOWN = "session_days.sessions_known_before"
MACHINERY = "macros/recompute/recompute.sql"
UNEXPLAINED = "macros/recompute/is_named_in.sql"
"""A file of which no mutant is explained."""


@pytest.mark.parametrize(
    ("text", "mutated"),
    [
        ("select 1 where a < b", "select 1 where a <= b"),
        ("select 1 where a < b", "select 1 where true"),
        (
            "{% macro default__a() %}a < b{% endmacro %}",
            "{% macro default__a() %}a <= b{% endmacro %}",
        ),
        ("select 1 where a and b", "select 1 where a or b"),
        ("select 1 where a and b", "select 1 where a and true"),
        ("select 1 where not a", "select 1 where  a"),
        ("select 1 where a is null", "select 1 where a is not null"),
        ("select 1 where a between b and 7", "select 1 where a between b and 7 - 1"),
        ("select 7", "select 8"),
        ("select 0.25", "select 0.24"),
        ("select a from b left join c on d = e", "select a from b inner join c on d = e"),
        ("select a from b left join c on d = e", "select a from b left join c on true"),
        ("select distinct a from b", "select  a from b"),
        ("select a union all select b", "select a union select b"),
        ("select coalesce(a, b + c)", "select a"),
        ("select sum(a) over (order by b desc)", "select max(a) over (order by b desc)"),
        ("select sum(a) over (order by b desc)", "select sum(a) over (order by b asc)"),
        ("select max(a) over (order by b, c)", "select max(a) over (order by b desc, c)"),
        ("select case when a then b else c end", "select case when false then b else c end"),
        ("select case when a then b else c end", "select case when a then b else null end"),
        ("rows between 6 preceding and current row", "rows between 5 preceding and current row"),
        (
            "rows between {{ days - 1 }} preceding and current row",
            "rows between {{ days - 0 }} preceding and current row",
        ),
        (
            "select coalesce({{ a('x') }}, 0) as b",
            "select {{ a('x') }} as b",
        ),
        ("select {{ safe_divide('a - b', 'c') }}", "select {{ safe_divide('a + b', 'c') }}"),
        (
            "{% set rules = {\n    'too_low': is_outside('a', 1, 5),\n} %}",
            "{% set rules = {\n    'too_low': 'false',\n} %}",
        ),
    ],
)
def test_faults_that_are_made(text: str, mutated: str) -> None:
    assert mutated in [edit.apply(text) for edit in edits(text)]


@pytest.mark.parametrize(
    "text",
    [
        "-- a < b",
        "{# a < b #}",
        "{% if a < b %}{% endif %}",
        "select cast(a as varchar(50))",
        "select * from a",
        "select exists (select 1 from a)",
        "select cast(a as decimal(38, 0))",
        "{{ exceptions.raise_compiler_error('a and b < c') }}",
        "{% macro postgres__a() %}select a < b{% endmacro %}",
        "{% macro default__a() %}b < c{% endmacro %}{% macro duckdb__a() %}b{% endmacro %}",
    ],
)
def test_what_is_left_alone(text: str) -> None:
    assert edits(text) == []


def test_every_file_is_as_dbt_reads_it(unit_tested_project: Project) -> None:
    """Otherwise a mutant could be put where dbt never looks."""
    manifest = unit_tested_project.manifest
    for path in all_files():
        text = (REPOSITORY / path).read_text()
        read = {
            macro.name: macro.macro_sql
            for macro in manifest.macros.values()
            if macro.original_file_path == path
        }
        if path.startswith("macros/"):
            assert {match["name"]: match[0] for match in MACRO.finditer(text)} == read, path
        else:
            (node,) = (n for n in manifest.nodes.values() if n.original_file_path == path)
            assert node.raw_code == text.strip()
    assert sum(len(edits((REPOSITORY / path).read_text())) for path in all_files()) > 1000


def test_equivalent_mutants_exist_and_say_why() -> None:
    for (path, change), why in known_equivalents().items():
        assert change in {one.change for one in mutants_of(path)}, f"stale: {path}: {change}"
        assert why


@pytest.fixture(scope="module")
def planted(
    unit_tested_project: Project, tmp_path_factory: pytest.TempPathFactory, deep: bool
) -> Iterator[list[tuple[Mutant, Verdict]]]:
    """Faults of a model and of what keeps tables, one that is no SQL, and one that is none."""
    steps = STEPS if deep else STEPS[: STEPS.index(arrivals) + 1]
    project = MutantProject(unit_tested_project, tmp_path_factory.mktemp("mutants"), steps)
    project.prepare([MODEL, MACHINERY])
    yield sorted(
        run(
            project,
            [
                edited(MODEL, "sessions_completed > 0", "sessions_completed > 1"),
                edited(MACHINERY, "where changed_in_build > ", "where changed_in_build < "),
                edited(MODEL, "partition by", "partition of"),
                edited(MODEL, f"{KNOWN})", f"{KNOWN}, {KNOWN})"),
            ],
            processes=1,
        ),
        key=lambda judged: judged[1].fate + judged[1].by,
    )


def edited(path: str, old: str, new: str) -> Mutant:
    text = (REPOSITORY / path).read_text()
    assert text.count(old) == 1
    return mutant(path, text, text.replace(old, new), "planted")


@pytest.mark.deep
def test_verdicts(planted: list[tuple[Mutant, Verdict]]) -> None:
    built, tested, stillborn, survived = (verdict for _, verdict in planted)
    assert (tested.fate, built.fate) == ("killed", "killed")
    assert tested.by.startswith("unit test churn_days_")
    assert built.by.endswith("differs (arrivals)")
    assert (stillborn.fate, survived.fate) == ("stillborn", "survived")


@pytest.mark.deep
def test_the_report_shows_survivors_and_counts_the_rest(
    planted: list[tuple[Mutant, Verdict]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(planted, {}, [MODEL]) == 1
    told = capsys.readouterr().out
    line = "    where reached.first_day <= coalesce(session_days.next_day, "
    assert f"-{line}{KNOWN})" in told
    assert f"+{line}{KNOWN}, {KNOWN})" in told
    assert "4 mutants: 2 killed, 1 survived, 1 stillborn, 0 equivalent. Score: 66.7% of 3" in told

    survivor = planted[-1][0]
    explained = {(MODEL, survivor.change): "The clock is never null here."}
    assert report(planted, explained, [MODEL]) == 0
    assert "Score: 100.0% of 2" in capsys.readouterr().out


@pytest.mark.deep
@pytest.mark.parametrize("which", ["stale", "wrong"])
def test_an_explanation_that_does_not_hold(
    which: str, planted: list[tuple[Mutant, Verdict]], capsys: pytest.CaptureFixture[str]
) -> None:
    killed = planted[1][0]
    change = killed.change if which == "wrong" else "nothing => something"
    explained = {(MODEL, change): "No reason.", (MODEL, planted[-1][0].change): "One."}
    assert report(planted, explained, [MODEL]) == 1
    assert change in capsys.readouterr().out


def test_a_run_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is left to judge, and the last word about a mutant counts."""
    results = tmp_path / "results.jsonl"
    told = [
        {"path": one.path, "line": one.line, "change": one.change, "fate": fate, "by": ""}
        for fate in ("survived", "killed")
        for one in mutants_of(UNEXPLAINED)
    ]
    results.write_text("".join(json.dumps(line) + "\n" for line in told))
    words = ["--models", "is_named_in", "--resume", "--results", str(results)]
    monkeypatch.setattr("sys.argv", ["mutants.py", *words])
    assert mutants.main() == 0
    judged = f"{len(told) // 2} mutants: {len(told) // 2} killed, 0 survived"
    assert judged in capsys.readouterr().out


HELD = """
from support.folders import folder_of_run
with folder_of_run("mutants") as folder:
    print(folder, flush=True)
    input()
"""


def test_a_run_removes_what_a_killed_one_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", HELD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY / "tests",
        env=os.environ | {"TMPDIR": str(tmp_path)},
    ) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        with folder_of_run("mutants"):
            assert theirs.is_dir(), "removed while it was in use"
        other.kill()
    with folder_of_run("mutants") as ours:
        assert not theirs.exists()
        assert ours.is_dir()


def test_files_of_other_engines_are_left_alone() -> None:
    assert mutants.OTHER_ENGINE.search("{% materialization seed, adapter='spark' %}")
    assert not mutants.OTHER_ENGINE.search("{%- materialization seed, adapter='duckdb' -%}")
    assert not mutants.OTHER_ENGINE.search("{% materialization replaced_view, default %}")


def test_changed_files_and_wrong_names() -> None:
    assert set(mutants.changed_files("HEAD")) <= set(all_files())
    with pytest.raises(SystemExit, match="git knows no nowhere"):
        mutants.changed_files("nowhere")
    assert mutants.named_files(["is_named_in"]) == [UNEXPLAINED]
    with pytest.raises(SystemExit, match="no model or macro file invented"):
        mutants.named_files(["invented"])
