"""From a folder of one's own files to a warehouse, apart from the sample's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner

from support.project import REPOSITORY, environment
from support.warehouses import DatabaseWarehouse, NewDuckDb, NewPostgres
from tutormax.cli import commands
from tutormax.postgres.server import LocalServer
from tutormax.synthetic import holds_sample, mark_as_sample
from tutormax.warehouse import RawTarget, postgres_settings

EXAMPLE = str(REPOSITORY / "examples" / "csv")


@pytest.fixture(params=["new_warehouse", "new_postgres"])
def empty(request: pytest.FixtureRequest) -> DatabaseWarehouse:
    make: NewDuckDb | NewPostgres = request.getfixturevalue(request.param)
    return make()


def test_files_go_into_a_warehouse_beside_the_sample(empty: DatabaseWarehouse) -> None:
    empty.command("load", EXAMPLE)
    target = RawTarget(empty.target)
    with environment(empty.environment):
        assert not holds_sample(target)
        mark_as_sample(target)
        assert holds_sample(target)
    assert 'eval "$(tutormax init)"' in empty.refused("load", EXAMPLE)
    assert empty.execute("select count(*) from raw.tutors") == [(2,)]
    empty.command("load", EXAMPLE, "--add-to-sample")
    assert empty.execute("select count(*) from raw.tutors") == [(4,)]

    name = f"own_{os.getpid()}"
    printed = empty.command("init", name)
    assert "tutormax load FOLDER" in printed
    assert empty.command("init", name) == printed
    with environment(empty.environment | variables(printed)):
        result = CliRunner().invoke(commands, ["load", EXAMPLE])
        assert result.exit_code == 0, result.output
        assert not holds_sample(target)
    assert name in result.output
    if empty.target == "postgres":
        empty.execute(f"drop database {name}")


def variables(printed: str) -> dict[str, str]:
    """What a shell exports after `eval`."""
    lines = [line for line in printed.splitlines() if line.startswith("export ")]
    shown = subprocess.run(
        ["bash", "-c", "\n".join([*lines, "env -0"])], env={}, capture_output=True, check=True
    )
    held = dict(one.split("=", 1) for one in shown.stdout.decode().split("\0") if one)
    return {name: value for name, value in held.items() if name.startswith("TUTORMAX_")}


def test_a_name_is_an_identifier(new_warehouse: NewDuckDb) -> None:
    assert "cannot name a warehouse" in new_warehouse().refused("init", "../own")


def test_a_build_says_what_came_of_it(new_warehouse: NewDuckDb) -> None:
    """The exit code is that of the build, or of what it refused."""
    warehouse = new_warehouse()

    def build(*words: str) -> tuple[int, str]:
        with environment(warehouse.environment), warehouse.project.lent(warehouse.environment):
            result = CliRunner().invoke(commands, ["build", *words])
        return result.exit_code, result.output

    alone = ("--exclude-resource-type", "test")
    assert build(*alone)[0] == 2
    warehouse.command("load", EXAMPLE)
    code, printed = build(*alone, "--strict")
    assert code == 0
    assert "Raw rows: 13 = 13 accepted + 0 rejected" in printed
    warehouse.execute("insert into raw.tutors (_loaded_at) values (now()) returning 1")
    assert build(*alone)[0] == 0
    assert build(*alone, "--strict")[0] == 3
    warehouse.execute("delete from staging.performance_tier_thresholds returning 1")
    assert build("--select", "assert_thresholds_are_of_tier_metrics")[0] == 1
    code, printed = build("--no-such-option")
    assert code == 2
    assert "No such option" in printed


def test_the_private_server_needs_no_name(
    open_folder: Path, used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command finds the one that runs here, unless the environment names another."""
    data_dir = open_folder / "data" / "postgres"
    data_dir.parent.mkdir(mode=0o711)
    subprocess.run(["cp", "-a", used, data_dir], check=True)
    for name in ("HOST", "PORT", "USER", "PASSWORD", "DATABASE"):
        monkeypatch.delenv(f"TUTORMAX_PG_{name}", raising=False)
    monkeypatch.chdir(open_folder)
    with environment({}):
        assert postgres_settings()["port"] == "5432"
    server = LocalServer(data_dir, durable=False)
    server.start(attached=True)
    try:
        url = make_url(server.url())
        with environment({}):
            found = postgres_settings()
            assert (found["port"], found["password"]) == (str(url.port), url.password)
            assert os.environ["TUTORMAX_PG_PORT"] == found["port"], "dbt finds it too"
        for name, value in (("HOST", "elsewhere"), ("PORT", "5432"), ("USER", "somebody")):
            with environment({f"TUTORMAX_PG_{name}": value}):
                settings = postgres_settings()
                assert (settings["port"], settings["password"]) == ("5432", "")
    finally:
        server.stop()
