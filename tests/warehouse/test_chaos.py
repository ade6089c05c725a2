"""Builds that are killed at random moments: the next one ends as if nothing had happened.

Only a deep run kills processes of the server, of one that nobody else needs.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest

from support.factories import WORLD_WITH_REFUSALS as WORLD
from support.factories import feedback, intervention, session, student, tutor
from support.folders import temporary_open_folder
from support.project import BUILD, PostgresProject
from support.tables import DEFAULT_ARRIVAL, Row, World
from support.warehouses import PostgresWarehouse
from support.warehouses.postgres import Fork
from tutormax.postgres.server import LocalServer

LATER = DEFAULT_ARRIVAL + timedelta(days=1)

Kill = Callable[[PostgresWarehouse, Fork], bool]
"""Ends a build; False if it had ended before."""


def news() -> World:
    """What arrives before the build that is killed: new rows, corrections, a tutor refused."""
    fresh = [
        session(f"new-{n}", f"tutor-{n % 4}", "newcomer", f"2025-03-{10 + n} 10:00")
        for n in range(9)
    ]
    corrected = [
        row
        | {"updated_at": row["updated_at"] + timedelta(days=1), "duration_minutes": 30}
        | {"tutor_initiated_reschedule": True}
        for row in WORLD["sessions"][:20]
    ]
    swapped = [
        row | {"email": email, "updated_at": row["updated_at"] + timedelta(days=1)}
        for row, email in [
            (WORLD["tutors"][0], "new-address@example.com"),
            (WORLD["tutors"][1], "another@example.com"),
        ]
    ]
    world: dict[str, list[Row]] = {
        "tutors": [tutor("new-tutor"), *swapped],
        "students": [student("newcomer")],
        "sessions": [*fresh, *corrected],
        "student_feedback": [feedback(f"of-{row['session_id']}", row) for row in fresh],
        "tutor_events": [row | {"event_type": "logout"} for row in WORLD["tutor_events"][:7]],
        "interventions": [intervention("new", "tutor-1", "2025-03-12 10:00")],
    }
    return {table: [row | {"_loaded_at": LATER} for row in rows] for table, rows in world.items()}


@pytest.fixture(scope="module")
def empty(
    postgres_project: PostgresProject, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PostgresWarehouse]:
    """A server of our own: others would not like its processes to be killed."""
    with temporary_open_folder() as data:
        server = LocalServer(data / "data")
        server.start(attached=True)
        try:
            folder = tmp_path_factory.mktemp("postgres")
            yield PostgresWarehouse.create(postgres_project, folder, server.url("postgres"))
        finally:
            server.stop()


class Case:
    """A warehouse, the words that build it, and what an undisturbed build makes of it."""

    def __init__(self, start: PostgresWarehouse, *words: str) -> None:
        self.start = start
        self.words = words
        with start.copy() as warehouse:
            begin = time.monotonic()
            fork = warehouse.start(*BUILD, *words)
            assert fork.wait() == 0, fork.log.read_text()
            self.seconds = time.monotonic() - begin
            self.outcome = warehouse.published()


@pytest.fixture(scope="module")
def cases(request: pytest.FixtureRequest, deep: bool) -> list[Case]:
    """A build with news; in deep runs a first build and a full refresh with news as well."""
    if not deep:
        changed = request.getfixturevalue("built_on_postgres").copy()
        request.addfinalizer(changed.close)
        changed.insert(news())
        return [Case(changed)]
    loaded = request.getfixturevalue("empty").copy()
    loaded.insert(WORLD)
    changed = loaded.copy()
    changed.build()
    changed.insert(news())
    cases = [Case(changed), Case(loaded), Case(changed, "--full-refresh")]
    assert cases[0].outcome == cases[2].outcome
    return cases


def kill_dbt(_: PostgresWarehouse, build: Fork) -> bool:
    build.kill()
    return build.wait() == -signal.SIGKILL


def end_statement(warehouse: PostgresWarehouse, build: Fork) -> bool:
    """Let the server end the connection on which a statement of the build runs."""
    with closing(psycopg2.connect(warehouse.server)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        still = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while os.waitid(os.P_PID, build.pid, still) is None:
            cursor.execute(
                """select pg_terminate_backend(pid) from pg_stat_activity
                where datname = %s and application_name = 'dbt' and state = 'active'""",
                [warehouse.database],
            )
            if cursor.rowcount:
                break
    return build.wait() != 0


def kill_backend(warehouse: PostgresWarehouse, build: Fork) -> bool:
    """Kill a process of the server that works for the build; the server restarts all the others."""
    with closing(psycopg2.connect(warehouse.server)) as connection:
        cursor = connection.cursor()
        # A connection rests for a moment between one model and the next.
        cursor.execute(
            """select pid from pg_stat_activity
            where datname = %s and application_name = 'dbt'
            order by state = 'active' desc, pid desc""",
            [warehouse.database],
        )
        backends = [backend for (backend,) in cursor.fetchall()]
    if backends:
        os.kill(backends[0], signal.SIGKILL)
    code = build.wait()
    assert backends or code == 0, build.log.read_text()
    return code != 0


def wait_for_server(warehouse: PostgresWarehouse) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            return psycopg2.connect(warehouse.url).close()
        except psycopg2.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.mark.depth("moments", quick=[1], deep=[20])
@pytest.mark.depth("kill", quick=[kill_dbt, end_statement], deep=[kill_dbt, kill_backend])
def test_a_killed_build_leaves_no_trace(kill: Kill, moments: int, cases: list[Case]) -> None:
    rng = random.Random(1)
    killed = tried = 0
    while killed < moments:
        tried += 1
        assert tried < 5 * moments, "the builds end before they are killed"
        case = cases[tried % len(cases)]
        # The moments are spread over the build, whose length varies.
        moment = case.seconds * (tried % moments + rng.random()) / moments
        with case.start.copy() as warehouse:
            build = warehouse.start(*BUILD, *case.words)
            time.sleep(moment)
            killed += kill(warehouse, build)
            wait_for_server(warehouse)
            warehouse.build()
            outcome = warehouse.published()
            assert outcome == case.outcome, f"killed after {moment} s of {case.seconds} s"


def test_news_are_more_than_nothing(cases: list[Case]) -> None:
    """The builds that are killed have something to do in every published table."""
    before, after = cases[0].start.published(), cases[0].outcome
    assert {table for table, rows in before.items() if rows == after[table]} == set()
    assert len(after["sessions"]) == len(before["sessions"]) + 9
