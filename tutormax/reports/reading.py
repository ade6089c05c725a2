"""Reads rows of the published tables with the SQL files in `reports/queries`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import psycopg2
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tutormax.closed_periods import declared_days
from tutormax.errors import UserError
from tutormax.operations.project import PUBLISHED, schema_prefix
from tutormax.operations.transaction import ANALYST
from tutormax.warehouse import Target, connect_duckdb, connect_postgres, first_line, quote

Row = dict[str, Any]
Select = Callable[[str], tuple[list[str], list[tuple[Any, ...]]]]
"""Runs SQL; gives the names of the columns and all rows."""

HISTORY_DAYS = 90
"""How many calculation dates the charts look back."""

NO_DATE = date(1900, 1, 1)
"""Stands for the last calculation date where nothing has been calculated: no row is that old."""

# Queries in this folder may name a person.
PERSONAL = "personal"


class Tables(NamedTuple):
    """Rows by the name of their query, and the last calculation date."""

    as_of: date | None
    open: dict[str, list[Row]]
    personal: dict[str, list[Row]]
    """Empty on masked pages: nothing that names a person has been selected."""


def read_tables(target: Target, queries: Path, variables: Row, *, names: bool) -> Tables:
    """Run every query of the folder, those in `personal` only if names may be shown.

    All read the same state of the warehouse. `variables` are those of the dbt project.

    Raises:
        UserError: the warehouse cannot be reached, is not built, or may not be read.
    """
    try:
        with _open(target) as select:
            # What analysts read holds nothing personal.
            published = schema_prefix(target) + (PUBLISHED if names else ANALYST)
            return _read(select, queries, published, variables, names=names)
    except (duckdb.CatalogException, psycopg2.errors.UndefinedTable) as error:
        raise UserError(
            f"The pages need every published table, and one is missing on {target.value}: run "
            f"`dbt build --target {target.value}` and make the pages then ({first_line(error)})."
        ) from error
    except psycopg2.errors.InsufficientPrivilege as error:
        raise UserError(
            "PostgreSQL lets this account read too little: masked pages need the role "
            f"tutormax_analyst, pages with names tutormax_ops ({first_line(error)})."
        ) from error
    except (duckdb.Error, psycopg2.Error) as error:
        raise UserError(
            f"The published tables on {target.value} cannot be read; run "
            f"`dbt build --target {target.value}`: {first_line(error)}"
        ) from error


def _read(select: Select, folder: Path, published: str, variables: Row, *, names: bool) -> Tables:
    templates = Environment(
        loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False
    )
    values = {
        "published": quote(published),
        "history_days": HISTORY_DAYS,
        "inactivity_days": int(variables["churn_inactivity_days"]),
        "recent_days": int(variables["recent_session_days"]),
        # At least one, because SQL knows no empty list.
        "closed_days": ", ".join(
            f"(date '{day}')" for day in sorted({NO_DATE, *declared_days(folder.parent.parent)})
        ),
    }
    sql = templates.get_template("clock.sql").render(values)
    as_of: date | None = select(sql)[1][0][0]
    values["as_of"] = f"date '{as_of or NO_DATE}'"

    def rows(path: Path) -> list[Row]:
        name = path.relative_to(folder).as_posix()
        columns, found = select(templates.get_template(name).render(values))
        return [dict(zip(columns, map(_plain, row), strict=True)) for row in found]

    personal = sorted((folder / PERSONAL).glob("*.sql")) if names else []
    return Tables(
        as_of=as_of,
        open={path.stem: rows(path) for path in sorted(folder.glob("*.sql"))},
        personal={path.stem: rows(path) for path in personal},
    )


def _plain(value: Any) -> Any:
    """The same Python value from both engines."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return value


@contextmanager
def _open(target: Target) -> Iterator[Select]:
    if target is Target.DUCKDB:
        with closing(connect_duckdb(read_only=True)) as duck:

            def select_duckdb(sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
                result = duck.execute(sql)
                return [column[0] for column in result.description], result.fetchall()

            yield select_duckdb
        return
    with closing(connect_postgres(reads=True)) as server:
        server.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with server.cursor() as cursor:

            def select_postgres(sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
                cursor.execute(sql)
                return [column.name for column in cursor.description or ()], cursor.fetchall()

            yield select_postgres
