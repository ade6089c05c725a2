"""What tests of commands share."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.load_trial import (
    Outcome,
    Trial,
)
from support.local_server import query
from support.reports_site import Sites
from support.warehouses import NewDuckDb
from tutormax import cli
from tutormax.postgres.server import LocalServer


@pytest.fixture
def trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Trial:
    def run(arguments: list[str]) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["tutormax", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            cli.app()
        printed = capsys.readouterr()
        return Outcome(int(exit_.value.code or 0), printed.out, printed.err)

    made = Trial(tmp_path, run)
    monkeypatch.setenv("TUTORMAX_DUCKDB_PATH", str(made.database))
    return made


@pytest.fixture
def data_dir(open_folder: Path) -> Iterator[Path]:
    """A data folder that does not exist yet; whatever runs on it is stopped afterwards."""
    folder = open_folder / 'data "of" $HOME'
    yield folder
    LocalServer(folder).stop()


@pytest.fixture(scope="session")
def used() -> Iterator[Path]:
    """A data folder that has been used, to be copied: much cheaper than a first start."""
    with tempfile.TemporaryDirectory(prefix="tutormax-") as folder:
        Path(folder).chmod(0o711)
        server = LocalServer(Path(folder) / "data", durable=False)
        server.start(attached=True)
        query(server.url(), "create table kept as select 42 as answer")
        server.stop()
        yield server.data_dir


@pytest.fixture
def server(data_dir: Path, used: Path) -> LocalServer:
    """A server that is stopped and whose data folder has been used."""
    subprocess.run(["cp", "-a", used, data_dir], check=True)
    return LocalServer(data_dir, durable=False)


@pytest.fixture(scope="session")
def sites(new_warehouse: NewDuckDb, tmp_path_factory: pytest.TempPathFactory) -> Sites:
    return Sites(new_warehouse(), tmp_path_factory.mktemp("reports"))
