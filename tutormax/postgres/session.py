"""Sessions on a PostgreSQL server that others use too: settings, locks, a commit that is unsure."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import psycopg2
from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import STATUS_READY, cursor
from psycopg2.extensions import connection as PgConnection

from tutormax.errors import UserError

_CONNECT_TIMEOUT_SECONDS = 10
TRIES_TO_FIND_OUT = 5
Result = TypeVar("Result")

_HOLDERS = """
    select format('%%s.%%s is locked by process %%s (application "%%s", user %%s)',
        schemas.nspname, classes.relname, sessions.pid, sessions.application_name, sessions.usename)
    from pg_locks as locks
    inner join pg_class as classes on locks.relation = classes.oid
    inner join pg_namespace as schemas on classes.relnamespace = schemas.oid
    inner join pg_stat_activity as sessions on locks.pid = sessions.pid
    where locks.granted and locks.pid <> pg_backend_pid() and classes.relkind in ('r', 'p', 'v')
        and locks.database = (select oid from pg_database where datname = current_database())
        and schemas.nspname = any(%s) and locks.mode not in ('AccessShareLock', 'RowShareLock')
    group by 1 order by 1
"""


def open_session(dsn: str, settings: Mapping[str, str], *, reads: bool) -> PgConnection:
    """Connect, with settings for every transaction.

    They are set in each transaction, because a pooler may run the next one on another connection,
    and not at the start, because poolers refuse such parameters.
    """
    statement = "; ".join(f"set local {name} = '{value}'" for name, value in settings.items())

    class Cursor(cursor):
        def execute(self, query: Any, parameters: Any = None) -> None:
            self._run(lambda: super(Cursor, self).execute(query, parameters))

        def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
            self._run(lambda: super(Cursor, self).copy_expert(sql, file, size))

        def _run(self, act: Callable[[], Result]) -> Result:
            if not self.connection.autocommit and self.connection.status == STATUS_READY:
                with cursor(self.connection) as plain:
                    plain.execute(statement)
            try:
                return act()
            except LockNotAvailable as error:
                self.connection.rollback()
                raise UserError(_lock_sentence(self.connection)) from error

    session = psycopg2.connect(
        dsn,
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        application_name="tutormax",
        client_encoding="UTF8",
        cursor_factory=Cursor,
    )
    session.set_session(isolation_level="READ COMMITTED", readonly=reads)
    return session


def _lock_sentence(session: PgConnection) -> str:
    from tutormax.operations.transaction import SCHEMAS  # noqa: PLC0415

    with session, session.cursor() as asking:
        asking.execute(_HOLDERS, [list(SCHEMAS)])
        holders = ", ".join(holder for (holder,) in asking.fetchall())
    return (
        "Gave up waiting for a lock (postgres_settings.lock_timeout), and nothing was changed: "
        f"{holders or 'its holder has let go since'}. "
        "Wait for that session or end it, then run the command again."
    )


def commit(session: PgConnection, reconnect: Callable[[], PgConnection]) -> None:
    """Commit; if the connection is lost meanwhile, find out on another what became of it.

    Raises:
        psycopg2.Error: nothing was changed.
        UserError: it is not known whether the change was made.
    """
    with session.cursor() as asking:
        asking.execute("select pg_current_xact_id_if_assigned()::text")
        ((transaction,),) = asking.fetchall()
    try:
        session.commit()
    except psycopg2.Error:
        if not session.closed or transaction is None:
            raise
        outcome = _outcome(transaction, reconnect)
        if outcome == "committed":
            return
        if outcome == "aborted":
            raise
        raise UserError(
            "The connection was lost during the commit, so it is not known whether the change was "
            f"made. Before you repeat it, run `select pg_xact_status('{transaction}')` on the "
            "server: committed means that it was made."
        ) from None


def _outcome(transaction: str, reconnect: Callable[[], PgConnection]) -> str | None:
    for attempt in range(TRIES_TO_FIND_OUT):
        try:
            session = reconnect()
        except UserError:
            time.sleep(attempt)
            continue
        try:
            with session, session.cursor() as asking:
                asking.execute(f"select pg_xact_status('{transaction}'::xid8)")
                ((outcome,),) = asking.fetchall()
        finally:
            session.close()
        if outcome != "in progress":
            return str(outcome)
        time.sleep(attempt)
    return None
