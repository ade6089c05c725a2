"""The contract files say what the models promise, and what breaks a promise is refused."""

from __future__ import annotations

import copy
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from datacontract.data_contract import DataContract
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from support.factories import small_world
from support.project import REPOSITORY, WITHOUT_TESTS, environment
from support.project_copy import ProjectFiles
from support.tables import DEFAULT_ARRIVAL
from support.warehouses.duckdb import append_to_duckdb
from tutormax.contracts import command
from tutormax.contracts.breaking import breaking_changes
from tutormax.contracts.files import FOLDER, read_before, stale, write
from tutormax.contracts.types import holds
from tutormax.errors import UserError
from tutormax.warehouse import connect_duckdb, ensure_raw_duckdb

CONTRACTS = {
    path.name: yaml.safe_load(path.read_bytes())
    for path in sorted((REPOSITORY / FOLDER).glob("*.odcs.yaml"))
}
TODAY = date(2026, 6, 30)
READERS = (
    "read by At-risk queue, Data quality, Interventions, Operations queue, Overview, Tutor pages."
)
MODEL = "models/core/interventions"

Contract = dict[str, Any]


class ProjectCopy(ProjectFiles):
    """A copy of the dbt project to be changed, with a warehouse of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "project")
        shutil.copytree(REPOSITORY / FOLDER, self.root / FOLDER)
        self.path = folder / "warehouse.duckdb"
        self.env = {
            "TUTORMAX_DUCKDB_PATH": str(self.path),
            "DBT_PROFILES_DIR": str(self.root),
            "DBT_LOG_PATH": str(folder / "logs"),
            "DBT_TARGET_PATH": str(folder / "target"),
            # The same for every command, so that dbt parses only what a test edits.
            "TUTORMAX_UNIT_TESTS": "1",
        }

    def dbt(self, *words: str | Path, **env: str) -> None:
        with environment(self.env | env):
            try:
                done = dbtRunner().invoke(
                    ["--quiet", *map(str, words), "--project-dir", str(self.root)]
                )
            finally:
                DuckDBConnectionManager.close_all_connections()
        assert done.success, done.exception or [
            (result.node.name, result.message) for result in done.result if result.status != "pass"
        ]

    def contracts(self) -> dict[str, Contract]:
        with environment(self.env):
            return command.current_contracts(self.root)

    def check(self, against: Path) -> None:
        with environment(self.env):
            command.check_contracts(self.root, str(against))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with connect_duckdb(self.path) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectCopy]:
    yield ProjectCopy(tmp_path_factory.mktemp("contracts"))


def changed(change: Callable[[Contract], None], table: str = "interventions") -> list[str]:
    """What is said of a change to the contract of one table."""
    after = copy.deepcopy(CONTRACTS)
    change(after[f"{table}.odcs.yaml"])
    return breaking_changes(CONTRACTS.values(), after.values(), TODAY)


def column(contract: Contract, name: str) -> dict[str, Any]:
    (found,) = (item for item in contract["schema"][0]["properties"] if item["name"] == name)
    return found


def test_the_files_are_what_the_models_say(project: ProjectCopy) -> None:
    contracts = project.contracts()
    assert stale(REPOSITORY / FOLDER, contracts) == [], "run `make contracts`"
    assert contracts == CONTRACTS


def test_the_files_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CONTRACTS
    for name in CONTRACTS:
        run = DataContract(data_contract_file=str(REPOSITORY / FOLDER / name)).lint()
        assert run.result == "passed", (name, run.checks)


def test_a_stale_file_is_refused(project: ProjectCopy) -> None:
    file = f"{FOLDER}/tutors.odcs.yaml"
    project.edit(file, ("status: active", "status: retired"))
    try:
        with pytest.raises(UserError, match=r"tutors\.odcs\.yaml; run `make contracts`"):
            project.check(REPOSITORY / FOLDER)
    finally:
        project.restore(file)


def test_an_unchanged_contract_is_not_broken() -> None:
    assert changed(lambda _: None) == []


def test_additions_pass() -> None:
    def add(contract: Contract) -> None:
        table = contract["schema"][0]
        table["properties"].append(
            column(contract, "notes") | {"name": "more", "physicalType": "jsonb"}
        )
        column(contract, "assigned_to").update(physicalType="varchar(200)", required=True)
        del column(contract, "notes")["classification"]
        values = column(contract, "outcome")["quality"][0]["arguments"]["validValues"]
        values.append("unknown")

    assert changed(add) == []


@pytest.mark.parametrize(
    ("name", "update", "said"),
    [
        ("assigned_to", {"name": "assignee"}, "was removed or renamed"),
        (
            "assigned_to",
            {"physicalType": "varchar(20)"},
            "changed its type from varchar(50) to varchar(20)",
        ),
        ("tutor_id", {"required": False}, "may be null now"),
        ("intervention_id", {"unique": False}, "may hold a value twice now"),
        ("status", {"classification": "restricted"}, "is restricted now"),
        ("status", {"quality": []}, "may hold any value now"),
        ("tutor_id", {"relationships": []}, "no longer refers to tutors.tutor_id"),
    ],
)
def test_a_change_of_a_column_names_its_readers(
    name: str, update: dict[str, Any], said: str
) -> None:
    sentences = changed(lambda contract: column(contract, name).update(update))
    assert sentences == [f"interventions.{name} {said}; {READERS}"]


def test_a_dropped_value_is_named() -> None:
    def drop(contract: Contract) -> None:
        values = column(contract, "outcome")["quality"][0]["arguments"]["validValues"]
        values.remove("churned")

    assert changed(drop) == [f"interventions.outcome lost the value churned; {READERS}"]


def test_a_change_of_the_table_is_named() -> None:
    def key(contract: Contract) -> None:
        for position, name in enumerate(("tutor_id", "intervention_id"), 1):
            column(contract, name).update(primaryKey=True, primaryKeyPosition=position)

    def move(contract: Contract) -> None:
        contract["schema"][0]["physicalName"] = "actions"

    assert changed(key) == [
        "interventions changed its key from intervention_id to tutor_id, intervention_id; "
        + READERS
    ]
    assert changed(move) == [
        f"interventions moved from tutormax.interventions to tutormax.actions; {READERS}"
    ]
    (said,) = changed(
        lambda contract: contract["schema"][0].update(quality=[]), "tutor_performance_metrics"
    )
    assert said.startswith(
        "tutor_performance_metrics may hold the same tutor_id, calculation_date, window twice now;"
    )


def test_a_table_may_go_when_its_day_has_come() -> None:
    def without(deprecated: str | None) -> list[str]:
        before = copy.deepcopy(CONTRACTS)
        if deprecated:
            before["interventions.odcs.yaml"]["customProperties"].append(
                {"property": "deprecationDate", "value": deprecated}
            )
        after = [item for item in CONTRACTS.values() if item["name"] != "interventions"]
        return breaking_changes(before.values(), after, TODAY)

    gone = [f"interventions is no longer published; {READERS}"]
    assert without(None) == without("2026-07-01") == gone
    assert without("2026-06-30") == []


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("text", "varchar(5)"),
        ("varchar(6)", "varchar(5)"),
        ("bigint", "integer"),
        ("decimal(38, 2)", "decimal(18, 2)"),
        ("text[]", "varchar[]"),
    ],
)
def test_a_type_holds_narrower_ones(wide: str, narrow: str) -> None:
    assert holds(wide, narrow)
    assert holds(wide, wide)
    assert not holds(narrow, wide) or {wide, narrow} == {"text[]", "varchar[]"}


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("decimal(18, 4)", "decimal(18, 2)"),
        ("double precision", "integer"),
        ("date", "timestamp with time zone"),
        ("text", "text[]"),
    ],
)
def test_a_type_that_reads_otherwise_does_not_hold(new: str, old: str) -> None:
    assert not holds(new, old)


def test_contracts_are_compared_with_those_of_a_commit(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        author = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *author, "-C", str(tmp_path), *words], check=True)

    git("init", "--quiet", "--initial-branch=main")
    git("commit", "--quiet", "--allow-empty", "--message=none")
    assert read_before(tmp_path, None) == []
    write(tmp_path / FOLDER, CONTRACTS)
    git("add", ".")
    git("commit", "--quiet", "--message=all")
    write(tmp_path / FOLDER, {})
    assert list((tmp_path / FOLDER).iterdir()) == []
    assert read_before(tmp_path, None) == read_before(tmp_path, "HEAD") == [*CONTRACTS.values()]
    assert read_before(tmp_path, "HEAD^") == []
    with pytest.raises(UserError, match="nowhere is neither a folder nor a commit"):
        read_before(tmp_path, "nowhere")


@pytest.mark.deep
def test_a_column_is_removed_by_a_version(
    project: ProjectCopy, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """As it would be done in a pull request, and built as slim CI builds it."""
    with connect_duckdb(project.path) as connection:
        ensure_raw_duckdb(connection)
        append_to_duckdb(connection, small_world())
    project.dbt("build", *WITHOUT_TESTS)
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(Path(project.env["DBT_TARGET_PATH"]) / "manifest.json", state)
    removed = ("        notes,\n", "")

    project.edit(f"{MODEL}.sql", removed)
    project.edit(
        f"{MODEL}.yml",
        (
            "      - name: notes\n        data_type: text\n"
            "        description: \"{{ doc('col_notes') }}\"\n"
            "        config: {meta: {privacy: free_text}}\n",
            "",
        ),
        ("           outcome: improved, notes: 'Went well.',", "           outcome: improved,"),
    )
    with pytest.raises(UserError, match="1 change breaks a contract"):
        project.check(REPOSITORY / FOLDER)
    said = capsys.readouterr().err
    assert said.split() == f"interventions.notes was removed or renamed; {READERS}".split()

    project.restore(f"{MODEL}.sql")
    project.restore(f"{MODEL}.yml")
    shutil.copy(project.root / f"{MODEL}.sql", project.root / f"{MODEL}_v2.sql")
    project.edit(f"{MODEL}_v2.sql", removed)
    project.edit(
        f"{MODEL}.yml",
        (
            "    constraints:\n      - type: foreign_key\n",
            "    latest_version: 2\n"
            "    versions:\n"
            "      - v: 1\n"
            "        defined_in: interventions\n"
            "        config: {alias: interventions}\n"
            "      - v: 2\n"
            "        columns: [{include: all, exclude: [notes]}]\n"
            "    constraints:\n      - type: foreign_key\n",
        ),
        ("    model: interventions\n", "    model: interventions\n    versions: {include: [1]}\n"),
    )
    with pytest.raises(UserError, match="1 change breaks"):
        project.check(REPOSITORY / FOLDER)
    assert "interventions is followed by version 2 but has no deprecation_date" in " ".join(
        capsys.readouterr().err.split()
    )
    project.edit(
        f"{MODEL}.yml", ("      - v: 1\n", "      - v: 1\n        deprecation_date: 2030-01-01\n")
    )
    write(project.root / FOLDER, project.contracts())
    project.check(REPOSITORY / FOLDER)
    assert (project.root / FOLDER / "interventions.v1.odcs.yaml").exists()

    slim = ("--select", "state:modified+", "--defer", "--state", state)
    project.dbt("build", *slim, TUTORMAX_SCHEMA_PREFIX="ci_")
    assert project.query(
        "select schema_name, table_name from duckdb_tables() where schema_name like 'ci_%' "
        "and table_name not in ('build_log', 'change_log', 'watermarks') "
        "and table_name not like 'tutormax!_%' escape '!' "
        "order by 2"
    ) == [
        ("ci_intermediate", "int_interventions__dated"),
        ("ci_intermediate", "intervention_changes"),
        ("ci_tutormax", "intervention_effectiveness"),
        ("ci_tutormax", "intervention_recommendations"),
        ("ci_tutormax", "interventions"),
        ("ci_tutormax", "interventions_v2"),
    ]
    rows = project.query("from ci_tutormax.interventions order by all")
    assert rows and rows == project.query("from tutormax.interventions order by all")
    assert project.query("from ci_tutormax.interventions_v2 order by all") == project.query(
        "select * exclude (notes) from tutormax.interventions order by all"
    )

    build = ("build", *WITHOUT_TESTS, "--select", "+interventions")
    project.dbt(*build)
    late = small_world()["interventions"][0] | {
        "intervention_id": "late",
        "_loaded_at": DEFAULT_ARRIVAL + timedelta(days=1),
    }
    with connect_duckdb(project.path) as connection:
        append_to_duckdb(connection, {"interventions": [late]})
    project.dbt(*build)
    for table in ("interventions", "interventions_v2"):
        assert len(project.query(f"from tutormax.{table}")) == len(rows) + 1
    assert project.query(
        "select model, max(rows_inserted) from tutormax.tutormax_runs where build_number = "
        "(select max(build_number) from tutormax.tutormax_runs) and starts_with(model, 'interv') "
        "group by 1 order by 1"
    ) == [("interventions", 1), ("interventions_v2", 1)]
