"""A private PostgreSQL server in a data folder: no administrator, no settings outside the folder.

It listens only on 127.0.0.1, on a free port that it keeps, in UTC, and sorts text by code point.
Every account of the machine can reach loopback, so the server has a password, generated at the
first start and readable only by the owner of the data folder.

    data folder   owned by root if root made it, so that the server's account cannot plant links
      cluster/    PostgreSQL's files, owned by the account the server runs as
      password    owned by that account, 0600
      port        the last port, owned by that account
      server.log  the server's log
      lock        held while a process starts or stops the server
"""

from __future__ import annotations

import atexit
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg2

from tutormax.errors import UserError
from tutormax.postgres.binaries import (
    Account,
    account_for,
    major_version,
    program_environment,
    program_folder,
)
from tutormax.postgres.processes import HOST, die_with_parent, free_port, kernel_watches, works_on

NAME = "tutormax"
"""The superuser and the database of every private server."""

START_SECONDS = 300  # recovery after a crash may replay a gigabyte of log
STOP_SECONDS = 60


class LocalServer:
    """The server of one data folder.

    Every method raises `UserError` if the folder, the account or the server fails.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        """Describe the server; changes nothing.

        Args:
            data_dir: the data folder, created by the first start.
            durable: False trades crash safety for speed, for disposable data.
        """
        self.data_dir = data_dir.resolve()
        self.cluster = self.data_dir / "cluster"
        self.log = self.data_dir / "server.log"
        self._durable = durable
        self._owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    def start(self, *, attached: bool = False) -> bool:
        """Start the server and wait until it accepts connections; return False if it ran already.

        Args:
            attached: the server ends with this process, even if that is killed. Otherwise it runs
                until it is stopped.
        """
        with self._sentences():
            self._prepare_folder()
            with self._locked():
                if self.pid() is not None:
                    if attached:
                        raise UserError(f"A server runs already on the data in {self.data_dir}.")
                    self._wait_until_ready(None)
                    return False
                account = self._account()
                programs = program_folder(account, self.data_dir)
                if not self.cluster.exists():
                    self._initialise(programs, account)
                self._launch(programs, account, attached)
                self._create_database()
                return True

    def stop(self) -> bool:
        """Stop the server, open transactions rolled back; return False if it did not run."""
        with self._sentences():
            if not self.data_dir.exists():
                return False
            with self._locked():
                pid = self.pid()
                stopped = pid is not None and self._end(pid)
                self._forget_process()
                return stopped

    def pid(self) -> int | None:
        """Return the id of the server process on our files, or None.

        After a crash the number in the pid file may belong to another process, so the command line
        of the process must also name our files.
        """
        with self._sentences():
            number = self._pid_file()[:1]
            if not number or not number[0].isdigit():
                return None
            return int(number[0]) if works_on(int(number[0]), self.cluster) else None

    def is_ready(self) -> bool:
        """Whether the server accepts connections."""
        with self._sentences():
            return self.pid() is not None and self._pid_file()[7:8] == ["ready"]

    def port(self) -> int:
        """Return the port of the running server."""
        with self._sentences():
            lines = self._pid_file()
        if self.pid() is None or len(lines) < 4:
            raise UserError(f"No PostgreSQL server runs on the data in {self.data_dir}.")
        return int(lines[3])

    def url(self, database: str = NAME) -> str:
        """Return the URL of a database of the running server, password included."""
        port = self.port()
        with self._sentences():
            password = (self.data_dir / "password").read_text().strip()
        return f"postgresql://{NAME}:{password}@{HOST}:{port}/{quote(database, safe='')}"

    def _account(self) -> Account:
        account = account_for(self.cluster)
        if account.drop and not account.can_enter(self.data_dir):
            closed = next(
                folder
                for folder in (*reversed(self.data_dir.parents), self.data_dir)
                if not account.can_enter(folder)
            )
            raise UserError(
                f"PostgreSQL does not run as root but as the account {account.name}, which may not "
                f"enter {closed}: choose another data folder, or run: chmod o+x {closed}"
            )
        return account

    def _prepare_folder(self) -> None:
        ours = ("cluster", "password", "port", "server.log", "lock", "programs")
        if not self.data_dir.exists():
            self.data_dir.mkdir(parents=True, mode=0o700, exist_ok=True)
        elif not self.cluster.exists():
            for path in self.data_dir.iterdir():
                if not path.name.startswith(ours):
                    raise UserError(
                        f"{self.data_dir} holds other things ({path.name}) and no server of ours: "
                        "a data folder begins empty."
                    )
        if os.geteuid() == 0 and self.data_dir.stat().st_uid == 0:
            self.data_dir.chmod(0o711)  # the server's account must be able to enter

    def _initialise(self, programs: Path, account: Account) -> None:
        # Renamed when complete, so that an interruption leaves no half of a cluster.
        fresh = self.data_dir / "cluster.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        password = self.data_dir / "password"
        password.unlink(missing_ok=True)
        self._create_file(password, account, secrets.token_hex(16))
        if account.drop:
            os.chown(fresh, account.uid, account.gid)
        # From 17 on: builtin C.UTF-8 sorts by code point, like the other engines.
        builtin = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        done = account.run(
            programs / "initdb",
            *("-D", fresh, "-U", NAME, "--auth=scram-sha-256", f"--pwfile={password}"),
            *("--encoding=UTF8", "--locale=C"),
            *(builtin if major_version(programs, account) >= 17 else ()),
            *(() if self._durable else ("--no-sync",)),
        )
        if done.returncode:
            raise UserError(f"PostgreSQL could not make its files in {fresh}: {_last(done.stdout)}")
        fresh.rename(self.cluster)

    def _launch(self, programs: Path, account: Account, attached: bool) -> None:
        if not self.log.exists():
            self._create_file(self.log, account, "")
        if self._pid_file():
            # PostgreSQL would refuse to start if another process has the pid by now.
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        port = self._kept_port()
        deadline = time.monotonic() + START_SECONDS
        while True:
            if port is None:
                port = free_port()
            self._keep_port(port, account)
            with self.log.open("rb+") as log:
                log.seek(0, os.SEEK_END)
                begin = log.tell()
                self._process = self._spawn(programs, account, port, attached, log.fileno())
                if self._wait_until_ready(self._process):
                    break
                log.seek(begin)
                said = log.read().decode(errors="replace")
            if "Address already in use" in said:  # another process has the port by now
                port = None
            elif "shared memory block" in said and time.monotonic() < deadline:
                time.sleep(0.2)  # last processes of a killed server are still running
            else:
                raise UserError(f"PostgreSQL did not start: {_last(said)} (more in {self.log})")
        if attached:
            self._attach(self._process.pid)

    def _spawn(
        self, programs: Path, account: Account, port: int, attached: bool, log: int
    ) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": HOST,
            "port": str(port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return subprocess.Popen(
            [
                programs / "postgres",
                *("-D", self.cluster),
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=program_environment(),
            start_new_session=True,  # protects the server from Ctrl-C and a closed terminal
            preexec_fn=die_with_parent() if attached and kernel_watches() else None,  # noqa: PLW1509
            user=account.uid if account.drop else None,
            group=account.gid if account.drop else None,
            extra_groups=[] if account.drop else None,
        )

    def _wait_until_ready(self, process: subprocess.Popen[bytes] | None) -> bool:
        """Return True once the server is ready, False once `process` has ended."""
        deadline = time.monotonic() + START_SECONDS
        try:
            while not self.is_ready():
                if process is not None and process.poll() is not None:
                    return False
                if time.monotonic() > deadline:
                    raise UserError(
                        f"PostgreSQL was not ready after {START_SECONDS} seconds: see {self.log}"
                    )
                time.sleep(0.01)
        except BaseException:
            if process is not None:
                process.send_signal(signal.SIGINT)
            raise
        return True

    def _attach(self, pid: int) -> None:
        atexit.register(self._stop_at_exit)
        if not kernel_watches():
            # The read ends when this process ends and its end of the pipe closes.
            self._watcher = subprocess.Popen(
                ["/bin/sh", "-c", 'read -r line; kill -QUIT "$1"', "sh", str(pid)],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )

    def _stop_at_exit(self) -> None:
        if os.getpid() == self._owner:  # a fork of us must not stop the server
            self.stop()

    def _end(self, pid: int) -> bool:
        # Fast rolls back and writes everything. If it hangs, immediate; the next start recovers.
        for request in (signal.SIGINT, signal.SIGQUIT):
            try:
                os.kill(pid, request)
            except ProcessLookupError:
                return True
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline:
                if self.pid() is None:
                    return True
                time.sleep(0.01)
        raise UserError(f"PostgreSQL (process {pid}) does not stop: see {self.log}")

    def _forget_process(self) -> None:
        atexit.unregister(self._stop_at_exit)
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.communicate()
        if self._process is not None:
            self._process.wait()
        self._watcher = self._process = None

    def _create_database(self) -> None:
        connection = psycopg2.connect(self.url("postgres"), sslmode="disable", options="")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("select 1 from pg_database where datname = %s", [NAME])
                if cursor.fetchone() is None:
                    cursor.execute(f'create database "{NAME}"')
        finally:
            connection.close()

    def _pid_file(self) -> list[str]:
        try:
            text = (self.cluster / "postmaster.pid").read_text()
        except FileNotFoundError:
            return []
        return [line.strip() for line in text.splitlines()]

    def _kept_port(self) -> int | None:
        try:
            return int((self.data_dir / "port").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _keep_port(self, port: int, account: Account) -> None:
        fresh = self.data_dir / "port.new"
        fresh.unlink(missing_ok=True)
        self._create_file(fresh, account, f"{port}\n")
        fresh.replace(self.data_dir / "port")

    def _create_file(self, path: Path, account: Account, text: str) -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            if account.drop:
                os.fchown(file.fileno(), account.uid, account.gid)
            file.write(text)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        with os.fdopen(os.open(self.data_dir / "lock", flags, 0o600), "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # released when the file closes, even by a crash
            yield

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            raise UserError(
                f"The PostgreSQL data folder {self.data_dir} cannot be used: "
                f"{error.strerror}{where}."
            ) from error
        except psycopg2.Error as error:
            raise UserError(
                f"The PostgreSQL server of {self.data_dir} refuses us: {_last(str(error))}"
            ) from error


def _last(text: str) -> str:
    """Return PostgreSQL's most severe message with its detail, on one line."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    for mark in ("FATAL:", "PANIC:", "error:", "ERROR:"):
        for at, line in enumerate(lines):
            if mark in line:
                detail = [
                    n.partition("DETAIL:")[2] for n in lines[at + 1 : at + 2] if "DETAIL:" in n
                ]
                return " ".join([line.partition(mark)[2].strip(), *(d.strip() for d in detail)])
    return lines[-1] if lines else "it said nothing"
