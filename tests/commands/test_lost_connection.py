"""The connection is lost while a command commits: what became of it is found out, or not known."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import make_url

from support.factories import small_world
from support.warehouses import NewPostgres, PostgresWarehouse
from tutormax.postgres import session


def end(line: socket.socket) -> None:
    """Shut a socket down, which also wakes a thread that waits on it."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()


class Line:
    """A line to the server that breaks at the first commit."""

    def __init__(self, host: str, port: int) -> None:
        self.breaks = ""
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        end(self._listener)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, begin: socket.socket, other: socket.socket) -> None:
        try:
            while said := begin.recv(1 << 16):
                if b"COMMIT\0" in said and self.breaks:
                    self._break(begin, other, said)
                    return
                other.sendall(said)
        except OSError:
            pass
        finally:
            for each in (begin, other):
                end(each)

    def _break(self, client: socket.socket, server: socket.socket, said: bytes) -> None:
        how, self.breaks = self.breaks, ""
        if how == "before the commit":
            return
        end(client)
        server.sendall(said)
        if how == "for ever":
            self.close()


@pytest.fixture
def line(warehouse: PostgresWarehouse) -> Iterator[Line]:
    url = make_url(warehouse.url)
    line = Line(str(url.host), int(url.port or 5432))
    warehouse.environment["TUTORMAX_PG_PORT"] = str(line.port)
    yield line
    line.close()


@pytest.fixture
def warehouse(new_postgres: NewPostgres) -> Iterator[PostgresWarehouse]:
    with new_postgres() as warehouse:
        warehouse.insert(small_world())
        yield warehouse


def student_of(warehouse: PostgresWarehouse) -> str:
    ((student,),) = warehouse.execute("select min(student_id) from raw.students")
    return str(student)


def test_a_commit_that_was_made(warehouse: PostgresWarehouse, line: Line) -> None:
    student = student_of(warehouse)
    line.breaks = "after the commit"
    assert "is erased" in warehouse.command("erase", "student", student, "--yes")
    assert warehouse.mentions(student) == []


def test_a_commit_that_was_not_made(warehouse: PostgresWarehouse, line: Line) -> None:
    student, before = student_of(warehouse), warehouse.everything()
    line.breaks = "before the commit"
    assert "nothing was changed" in warehouse.refused("erase", "student", student, "--yes")
    assert warehouse.everything() == before


def test_a_commit_of_which_nothing_is_known(
    warehouse: PostgresWarehouse, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "TRIES_TO_FIND_OUT", 2)
    student = student_of(warehouse)
    line.breaks = "for ever"
    said = warehouse.refused("erase", "student", student, "--yes")
    assert "it is not known whether the change was made" in said
    assert "nothing was changed" not in said
    number = said.partition("pg_xact_status('")[2].partition("'")[0]
    assert warehouse.execute(f"select pg_xact_status('{number}')") == [("committed",)]
