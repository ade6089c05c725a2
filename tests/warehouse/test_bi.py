"""A BI tool reads the published tables as it would: by SQLAlchemy, logged in as an analyst."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Engine, MetaData, Table, create_engine, func, inspect, make_url, select, text
from sqlalchemy.exc import ProgrammingError

from support.project import REPOSITORY
from support.tables import LABELS, PERSONAL, PUBLISHED
from support.warehouses import PostgresWarehouse

REPORTS = ("tutormax_runs", "tutormax_arrivals")
VIEWS = ("metric_days", "metric_interventions", "metric_sessions", "metric_tutor_days")


@pytest.fixture(scope="module")
def built(built_on_postgres: PostgresWarehouse) -> Iterator[PostgresWarehouse]:
    with built_on_postgres.copy() as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def analyst(built: PostgresWarehouse) -> Iterator[Engine]:
    """The connection of a person who has been granted `tutormax_analyst` and nothing else."""
    person = f"analyst_{uuid4().hex[:8]}"
    built.execute(f"create role {person} login password 'secret' in role tutormax_analyst")
    engine = create_engine(make_url(built.url).set(username=person, password="secret"))
    yield engine
    engine.dispose()
    built.execute(f"drop role {person}")


def reflected(engine: Engine, name: str) -> Table:
    return Table(name, MetaData(), schema="analyst", autoload_with=engine, resolve_fks=False)


def is_refused(engine: Engine, statement: str) -> bool:
    with engine.connect() as connection:
        try:
            connection.execute(text(statement))
        except ProgrammingError as error:
            assert "permission denied" in str(error)
            return True
        return False


def test_the_published_tables_are_found(analyst: Engine) -> None:
    found = inspect(analyst)
    assert set(found.get_table_names("tutormax")) == {*PUBLISHED, *REPORTS}
    assert set(found.get_view_names("tutormax")) == {*VIEWS}
    assert set(found.get_view_names("analyst")) == {*PUBLISHED, *REPORTS, *VIEWS}


@pytest.mark.parametrize("name", [*PUBLISHED, *REPORTS, *VIEWS])
def test_columns_that_are_not_personal_are_read(
    name: str, built: PostgresWarehouse, analyst: Engine
) -> None:
    table = reflected(analyst, name)
    personal = PERSONAL.get(name, set())
    published = {
        column["name"]: column for column in inspect(analyst).get_columns(name, "tutormax")
    }
    assert personal < published.keys()
    assert set(table.columns.keys()) == published.keys() - personal
    assert {c.name: c.comment for c in table.columns} == {
        column.name: published[column.name]["comment"] for column in table.columns
    }
    with analyst.connect() as connection:
        rows = connection.execute(select(table)).all()
        counted = connection.execute(select(func.count()).select_from(table)).scalar_one()
    assert len(rows) == counted == len(built.rows(name))
    for column in personal | LABELS.get(name, set()):
        assert is_refused(analyst, f'select "{column}" from tutormax."{name}"')


def test_tables_are_joined_as_the_page_says(built: PostgresWarehouse, analyst: Engine) -> None:
    """Every query in docs/bi.md runs as an analyst."""
    page = (REPOSITORY / "docs" / "bi.md").read_text()
    queries = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    assert len(queries) >= 2
    with analyst.connect() as connection:
        for query in queries:
            assert connection.execute(text(query)).keys()
    metrics, tutors = (reflected(analyst, name) for name in ("tutor_performance_metrics", "tutors"))
    joined = (
        select(tutors.c.education_level, func.sum(metrics.c.sessions_completed))
        .join(tutors, metrics.c.tutor_id == tutors.c.tutor_id)
        .where(metrics.c.window == "30day")
        .group_by(tutors.c.education_level)
    )
    with analyst.connect() as connection:
        ((level, sessions),) = connection.execute(joined).all()
    assert level == "Master"
    assert sessions == sum(
        row["sessions_completed"]
        for row in built.rows("tutor_performance_metrics")
        if row["window"] == "30day"
    )


def test_a_label_is_shown_if_several_tutors_share_it(
    built: PostgresWarehouse, analyst: Engine
) -> None:
    """Somebody's name, typed where a subject belongs, is not."""
    typed = "subject = 'Physics with Ann Smith' where session_id = 'session-1'"
    built.execute(f"update tutormax.sessions set {typed}")
    query = text("select session_id, subject from analyst.sessions order by session_id")
    with analyst.connect() as connection:
        shown = dict(connection.execute(query).all())
    built.execute("update tutormax.sessions set subject = 'Algebra' where session_id = 'session-1'")
    assert shown.pop("session-1") is None
    assert set(shown.values()) == {"Algebra"}


def test_what_lies_behind_is_refused(built: PostgresWarehouse, analyst: Engine) -> None:
    behind = built.execute(
        "select schemaname, tablename from pg_tables "
        "where schemaname in ('raw', 'staging', 'intermediate', 'archive')"
    )
    assert {schema for schema, _ in behind} == {"raw", "staging", "intermediate", "archive"}
    for schema, name in behind:
        assert is_refused(analyst, f'select * from "{schema}"."{name}"')
    assert is_refused(analyst, "select * from tutormax.tutors")
    assert is_refused(analyst, "delete from tutormax.intervention_recommendations")
    assert is_refused(analyst, "create view tutormax.mine as select 1")
