"""Reads the panel from the built warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, timedelta
from typing import Any, NamedTuple

import duckdb
import numpy as np
import psycopg2

from tutormax.errors import UserError
from tutormax.operations.project import schema_prefix
from tutormax.train.panel import Panel
from tutormax.warehouse import Target, connect_duckdb, connect_postgres, first_line, quote

FEATURES = "int_churn__features"
OUTCOMES = "int_churn__labels"
CLOCK = "int_activity__calculation_dates"
TOTALS = "int_activity__tutor_daily_totals"
KEYS = ("tutor_id", "prediction_day")

_CHUNK = 20_000


class _Columns(NamedTuple):
    """Columns of a query's result, numbers as doubles with NaN for null."""

    texts: np.ndarray[Any, Any]
    numbers: np.ndarray[Any, Any]


def read_panel(target: Target) -> Panel:
    """Read features, outcomes and clock.

    Raises:
        UserError: the warehouse cannot be reached, is not built, or has no training data.
    """
    with _engine(target) as engine:
        return _panel(engine, target)


def read_session_days(target: Target) -> dict[date, int]:
    """Read how many sessions were completed on each day, before the last calculation date.

    Raises:
        UserError: as `read_panel`.
    """
    schema = quote(schema_prefix(target) + "intermediate")
    with _engine(target) as engine:
        read = engine.select(
            f"""select {_since_1970("activity_day")} as day, sum(sessions_completed) as completed
            from {schema}.{TOTALS}
            where sessions_completed > 0
                and activity_day < (select as_of_date from {schema}.{CLOCK})
            group by activity_day""",
            0,
        )
    return {
        date(1970, 1, 1) + timedelta(days=int(day)): int(completed)
        for day, completed in read.numbers
    }


@contextmanager
def _engine(target: Target) -> Iterator[_DuckDb | _Postgres]:
    try:
        if target is Target.DUCKDB:
            with closing(connect_duckdb(read_only=True)) as duck:
                yield _DuckDb(duck)
        else:
            with closing(connect_postgres(reads=True)) as server:
                yield _Postgres(server)
    except (duckdb.CatalogException, psycopg2.errors.UndefinedTable) as error:
        raise _not_built(target) from error
    except (duckdb.Error, psycopg2.Error) as error:
        raise UserError(
            f"The churn features on {target.value} cannot be read; run "
            f"`dbt build --target {target.value}`: {first_line(error)}"
        ) from error


def _not_built(target: Target) -> UserError:
    return UserError(
        f"There are no churn features on {target.value} yet: "
        f"run `dbt build --target {target.value}` and train then."
    )


def _panel(engine: _DuckDb | _Postgres, target: Target) -> Panel:
    schema = quote(schema_prefix(target) + "intermediate")
    names = engine.doubles(f"{schema}.{FEATURES}")
    if not names:
        raise _not_built(target)
    clock = engine.select(
        f"""select {_since_1970("as_of_date")} as as_of_day,
            {_since_1970("churn_known_before")} as known_until, churn_inactivity_days,
            recent_session_days
        from {schema}.{CLOCK}""",
        0,
    ).numbers
    if not len(clock) or np.isnan(clock[0, 0]):
        raise UserError(
            f"The warehouse on {target.value} holds no activity to learn from: "
            "load data with `tutormax load`, run `dbt build` and train then."
        )
    listed = ", ".join(f"featured.{quote(name)}" for name in names)
    read = engine.select(
        f"""select featured.tutor_id, {_since_1970("featured.prediction_day")},
            {_since_1970("outcomes.churn_day")}, {listed}
        from {schema}.{FEATURES} as featured
        inner join {schema}.{OUTCOMES} as outcomes
            on featured.tutor_id = outcomes.tutor_id
            and featured.prediction_day = outcomes.prediction_day""",
        1,
    )
    if not len(read.numbers):
        raise UserError(
            f"No tutor was active on any day that the warehouse on {target.value} covers, so "
            "there is nothing to learn from: load sessions, run `dbt build` and train then."
        )
    # Engines sort text differently; this order is the same everywhere.
    order = np.lexsort((read.numbers[:, 0], read.texts.astype(str)))
    numbers = read.numbers[order]
    return Panel(
        tutor=read.texts[order],
        day=numbers[:, 0].astype(np.int64),
        features=np.ascontiguousarray(numbers[:, 2:]),
        names=tuple(names),
        churn_in=numbers[:, 1] - numbers[:, 0],
        known_until=int(clock[0, 1]),
        as_of=int(clock[0, 0]),
        inactivity_days=int(clock[0, 2]),
        recent_days=int(clock[0, 3]),
    )


def _since_1970(day: str) -> str:
    return f"{day} - date '1970-01-01'"


class _DuckDb:
    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def doubles(self, relation: str) -> list[str]:
        described = self._connection.execute(f"select * from {relation} limit 0").description
        return [str(name) for name, kind, *_ in described if kind == "DOUBLE" and name not in KEYS]

    def select(self, sql: str, texts: int) -> _Columns:
        columns = list(self._connection.execute(sql).fetchnumpy().values())
        numbers = [
            np.ma.filled(np.ma.asarray(column).astype(np.float64), np.nan)
            for column in columns[texts:]
        ]
        text = np.asarray(columns[0], dtype=object) if texts else np.empty(0, dtype=object)
        return _Columns(text, np.column_stack(numbers))


class _Postgres:
    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self._connection = connection

    def doubles(self, relation: str) -> list[str]:
        with self._connection.cursor() as cursor:
            cursor.execute(f"select * from {relation} limit 0")
            return [
                column.name
                for column in cursor.description or ()
                if column.type_code == 701 and column.name not in KEYS
            ]

    def select(self, sql: str, texts: int) -> _Columns:
        text: list[str] = []
        chunks: list[np.ndarray[Any, Any]] = []
        # A named cursor stays on the server and returns rows in parts.
        with self._connection.cursor("tutormax_train") as cursor:
            cursor.itersize = _CHUNK
            cursor.execute(sql)
            while rows := cursor.fetchmany(_CHUNK):
                text += [row[0] for row in rows] if texts else []
                chunks.append(_numbers(rows, texts))
        numbers = np.concatenate(chunks) if chunks else np.empty((0, 0))
        return _Columns(np.array(text, dtype=object), numbers)


def _numbers(rows: Sequence[tuple[Any, ...]], texts: int) -> np.ndarray[Any, Any]:
    # None becomes NaN.
    return np.array([row[texts:] for row in rows], dtype=np.float64)
