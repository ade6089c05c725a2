"""Readers and other builds, while builds run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from psycopg2.errors import UndefinedTable

from support.factories import WORLD_WITH_REFUSALS as WORLD
from support.factories import session, student
from support.project import BUILD
from support.tables import DEFAULT_ARRIVAL, Tables
from support.warehouses import NewPostgres, PostgresWarehouse

SENTENCE = "Another build has begun since this one did, so this one stopped: wait for the other"

HALF_DAYS = """
    select tutor_id, calculation_date, count(*) from tutor_performance_metrics
    group by 1, 2 having count(*) <> 3
"""
SESSIONS = """
    select tutors.tutor_id, array_remove(array_agg(session_id), null)
    from tutors left join sessions on tutors.tutor_id = sessions.tutor_id
    group by 1
"""
OTHERS = """
    select
        (select count(*) from tutors),
        (select count(*) from students),
        (select count(*) from student_feedback),
        (select count(*) from tutor_events),
        (select count(*) from interventions),
        (select count(*) from rejected_records),
        (select count(*) from tutor_performance_metrics)
"""


class Reader(threading.Thread):
    """Looks at the published tables again and again, and notes what should not be."""

    def __init__(self, warehouse: PostgresWarehouse, stop: threading.Event) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.looks = 0
        self._warehouse = warehouse
        self._stopping = stop
        self._sessions: dict[str, set[str]] = {}
        self._counts: tuple[int, ...] = ()

    def run(self) -> None:
        try:
            with closing(self._warehouse.connect()) as connection:
                while not self._stopping.is_set() and not self.wrong:
                    with connection.cursor() as cursor:
                        self._look(cursor)
                    self.looks += 1
                    self._stopping.wait(0.02)  # the build wants its share of the processor
        except Exception as error:
            self.wrong.append(repr(error))

    def _look(self, cursor: Any) -> None:
        cursor.execute(HALF_DAYS)
        self.wrong += [f"half a day: {row}" for row in cursor.fetchall()]
        cursor.execute(SESSIONS)
        sessions = {tutor: set(keys) for tutor, keys in cursor.fetchall()}
        for tutor, keys in self._sessions.items():
            if tutor not in sessions or not keys <= sessions[tutor]:
                self.wrong.append(f"{tutor} lost {keys - sessions.get(tutor, set())}")
        self._sessions = sessions
        cursor.execute(OTHERS)
        (counts,) = cursor.fetchall()
        # Nothing is taken from raw here, so no table ever shrinks.
        if any(now < then for now, then in zip(counts, self._counts, strict=False)):
            self.wrong.append(f"{self._counts} rows became {counts}")
        self._counts = counts


@contextmanager
def reading(warehouse: PostgresWarehouse, readers: int) -> Iterator[list[Reader]]:
    stop = threading.Event()
    threads = [Reader(warehouse, stop) for _ in range(readers)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def arrive(warehouse: PostgresWarehouse, number: int) -> None:
    """A few corrections and new rows, none of which moves a session to another tutor."""
    arrival = {"_loaded_at": DEFAULT_ARRIVAL + timedelta(days=number)}
    newer = timedelta(days=number)
    corrected = [
        row
        | arrival
        | {"updated_at": row["updated_at"] + newer, "duration_minutes": 30 + number}
        | {"tutor_initiated_reschedule": number % 2 == 0}
        for row in WORLD["sessions"][number::9]
    ]
    warehouse.insert(
        {
            "students": [student(f"newcomer-{number}", **arrival)],
            "sessions": [
                *corrected,
                session(f"new-{number}", "tutor-1", f"newcomer-{number}", "2025-03-09", **arrival),
            ],
            "tutor_events": [
                row | arrival | {"metadata": {"number": number}}
                for row in WORLD["tutor_events"][number::7]
            ],
        }
    )


def test_readers_notice_nothing(postgres_warehouse: PostgresWarehouse) -> None:
    rounds = [
        BUILD,
        ("run", "--select", "+sessions", "--full-refresh"),
        (*BUILD, "--full-refresh"),
    ]
    with reading(postgres_warehouse, readers=2) as readers:
        for number, words in enumerate(rounds, start=1):
            arrive(postgres_warehouse, number)
            looks = [reader.looks for reader in readers]
            build = postgres_warehouse.dbt(*words)
            assert build.succeeded, build.message
            for reader, before in zip(readers, looks, strict=True):
                assert reader.wrong == []
                assert reader.looks > before
    assert all(reader.wrong == [] for reader in readers)
    assert len(postgres_warehouse.published()["sessions"]) == len(WORLD["sessions"]) - 1 + len(
        rounds
    )


@pytest.fixture(
    scope="module",
    params=["first build", pytest.param("build with news", marks=pytest.mark.deep)],
)
def start(
    request: pytest.FixtureRequest, new_postgres: NewPostgres, built_on_postgres: PostgresWarehouse
) -> Iterator[PostgresWarehouse]:
    """A warehouse to build, with the same in raw: nothing of it is built, or all but the news."""
    first = request.param == "first build"
    with new_postgres() if first else built_on_postgres.copy() as warehouse:
        if first:
            warehouse.insert(WORLD)
        arrive(warehouse, 1)
        yield warehouse


@pytest.fixture(scope="module")
def outcome(built_on_postgres: PostgresWarehouse) -> Tables:
    """What one build publishes."""
    with built_on_postgres.copy() as warehouse:
        arrive(warehouse, 1)
        warehouse.build()
        return warehouse.published()


@pytest.mark.depth("is_midway", quick=[True], deep=[False, True])
def test_two_builds_at_once(start: PostgresWarehouse, outcome: Tables, is_midway: bool) -> None:
    with start.copy() as warehouse:
        forks = [warehouse.start(*BUILD)]
        if is_midway:
            wait_for_newcomer(warehouse)
        forks.append(warehouse.start(*BUILD))
        endings = [fork.wait() for fork in forks]
        for fork, ending in zip(forks, endings, strict=True):
            said = " ".join(fork.log.read_text().split())
            # Nothing else went wrong.
            assert said.count("Database Error in") == said.count(SENTENCE), said
            assert (ending == 0) == (SENTENCE not in said), said
        assert 0 in endings
        warehouse.build()
        assert warehouse.published() == outcome


def wait_for_newcomer(warehouse: PostgresWarehouse) -> None:
    """Wait until a build has published students: then it is midway."""
    last = time.monotonic() + 300
    while time.monotonic() < last:
        with suppress(UndefinedTable):
            if warehouse.execute("select 1 from students where student_id = 'newcomer-1'"):
                return
        time.sleep(0.02)
    pytest.fail("the build published no students")
