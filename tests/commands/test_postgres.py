"""The private PostgreSQL server, as people use it on the command line and as the tests use it."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import parse_dsn

from support.local_server import (
    URL,
    environment,
    eventually,
    process,
    query,
    refused,
    tutormax,
)
from tutormax.errors import UserError
from tutormax.postgres.server import LocalServer


def test_a_life_on_the_command_line(data_dir: Path) -> None:
    option = ("--data-dir", data_dir)

    before = tutormax("status", *option)
    assert (before.returncode, before.stdout.count("\n")) == (3, 1)
    assert "tutormax postgres start" in refused(tutormax("url", *option))
    assert tutormax("stop", *option).returncode == 0
    assert not data_dir.exists(), "only a start makes anything"

    # What the environment says to clients and to the locale does not reach the server.
    odd = {"PGSSLMODE": "require", "PGPORT": "1", "PGDATA": "/nowhere", "LC_ALL": "no_SUCH"}
    odd |= {"PGOPTIONS": "-c no_such=thing", "TZ": "Asia/Tokyo"}
    first = process("start", *option, env=environment(**odd))
    _, errors = first.communicate(timeout=120)
    assert first.returncode == 0, errors
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
    starts = [process("start", "--data-dir", data_dir) for _ in range(3)]
    said = [start.communicate(timeout=120) for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0], said
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


def test_the_socket_and_spaces_are_as_libpq_reads_them(data_dir: Path) -> None:
    named = {"TUTORMAX_PG_HOST": "/run/a b", "TUTORMAX_PG_DATABASE": 'o\'br "i" en'}
    printed = tutormax("url", "--data-dir", data_dir, **named).stdout
    assert " " not in printed
    assert parse_dsn(printed.strip()) == {
        "host": "/run/a b",
        "port": "5432",
        "user": "postgres",
        "dbname": 'o\'br "i" en',
    }
    status = tutormax("status", "--data-dir", data_dir, **named)
    assert "/run/a b port 5432, does not answer" in status.stdout


def test_a_service_names_a_server(data_dir: Path, tmp_path: Path) -> None:
    services = tmp_path / "services.conf"
    services.write_text("[warehouse]\nhost=db.example\nport=6000\nuser=me\ndbname=facts\n")
    named = {"PGSERVICE": "warehouse", "PGSERVICEFILE": str(services)}
    printed = tutormax("url", "--data-dir", data_dir, **named).stdout
    assert printed == "postgresql://me@db.example:6000/facts\n"
    assert "export TUTORMAX_PG_HOST=db.example" in tutormax("env", **named).stdout
    other = tutormax("url", **named, TUTORMAX_PG_HOST="127.0.0.1").stdout
    assert other == "postgresql://me@127.0.0.1:6000/facts\n"
    assert "PGSERVICE is 'none'" in refused(tutormax("url", **named | {"PGSERVICE": "none"}))
