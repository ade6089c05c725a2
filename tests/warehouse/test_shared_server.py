"""A PostgreSQL server that others use too: their objects stay, and they stop no build for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import make_url

from support.factories import session
from support.tables import DEFAULT_ARRIVAL
from support.warehouses import PostgresWarehouse
from tutormax import warehouse as connections

SETTINGS = connections.session_settings()
SOON = {"postgres_settings": {**SETTINGS, "lock_timeout": "300ms"}}
VIEWS = ("metric_days", "metric_interventions", "metric_sessions", "metric_tutor_days")


@pytest.fixture
def shared(postgres_warehouse: PostgresWarehouse) -> PostgresWarehouse:
    return postgres_warehouse


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands wait as short as builds with SOON."""
    monkeypatch.setattr(connections, "session_settings", lambda: SOON["postgres_settings"])


@pytest.fixture
def stranger(shared: PostgresWarehouse) -> Iterator[str]:
    """The URL of somebody who may log in and read what analysts may."""
    name = f"stranger_{uuid4().hex[:8]}"
    shared.execute(f"create role {name} login password 'secret'")
    shared.execute(f"grant tutormax_analyst to {name}")
    yield (
        make_url(shared.url)
        .set(username=name, password="secret")
        .render_as_string(hide_password=False)
    )
    shared.execute(f"drop owned by {name}")
    shared.execute(f"drop role {name}")


@contextmanager
def transaction(url: str, *statements: str) -> Iterator[int]:
    """Leave a transaction open after statements; give the id of its process."""
    with closing(psycopg2.connect(url, application_name="their tool")) as connection:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        yield connection.info.backend_pid


def news(warehouse: PostgresWarehouse) -> None:
    """Let a session arrive."""
    arrival = {"_loaded_at": DEFAULT_ARRIVAL + timedelta(days=1)}
    warehouse.insert(
        {"sessions": [session("news", "tutor-1", "student-1", "2025-03-09", **arrival)]}
    )


# What others made.


def older_view(warehouse: PostgresWarehouse, name: str, change: str) -> None:
    """Put a view there as another version of the project had it."""
    columns = [
        column
        for (column,) in warehouse.execute(
            "select column_name from information_schema.columns where table_schema = 'tutormax' "
            f"and table_name = '{name}' order by ordinal_position"
        )
    ]
    listed = ", ".join({"fewer": columns[:-1], "others": [*columns[1:], columns[0]]}[change])
    ((definition,),) = warehouse.execute(f"select pg_get_viewdef('tutormax.{name}'::regclass)")
    warehouse.execute(f"drop view analyst.{name}")
    warehouse.execute(f"drop view tutormax.{name}")
    warehouse.execute(
        f"create view tutormax.{name} as select {listed} from ({definition.rstrip(';')}) as told"
    )
    warehouse.execute(f"create view analyst.{name} as select * from tutormax.{name}")


def grants(warehouse: PostgresWarehouse, name: str) -> list[Any]:
    return warehouse.execute(
        "select acl::text from pg_class cross join unnest(relacl) as acls (acl) "
        f"where oid = 'tutormax.{name}'::regclass union all select attname || acl::text "
        "from pg_attribute cross join unnest(attacl) as acls (acl) "
        f"where attrelid = 'tutormax.{name}'::regclass order by 1"
    )


def columns(warehouse: PostgresWarehouse, name: str) -> list[str]:
    return warehouse.query(f"select * from tutormax.{name} limit 0")[0]


@pytest.mark.parametrize("change", ["fewer", "others"])
def test_a_view_with_other_columns_keeps_its_grants(shared: PostgresWarehouse, change: str) -> None:
    wanted = columns(shared, "metric_sessions")
    older_view(shared, "metric_sessions", change)
    shared.execute("grant select on tutormax.metric_sessions to public")
    shared.execute("create role colleague")
    shared.execute("grant select on tutormax.metric_sessions to colleague with grant option")
    shared.execute("grant select (session_id) on tutormax.metric_sessions to public")
    before = grants(shared, "metric_sessions")
    made = shared.dbt("run", "--select", "metric_sessions")
    assert made.succeeded, made.message
    assert columns(shared, "metric_sessions") == wanted
    kept = grants(shared, "metric_sessions")
    shared.execute("drop owned by colleague")
    shared.execute("drop role colleague")
    assert any("colleague=r*/" in grant for (grant,) in before)
    assert set(before) <= set(kept)


def test_a_view_that_others_use_is_not_dropped(shared: PostgresWarehouse) -> None:
    older_view(shared, "metric_sessions", "others")
    shared.execute("create view public.theirs as select session_id from tutormax.metric_sessions")
    refused = shared.dbt("run", "--select", "metric_sessions")
    assert not refused.succeeded
    assert "view public.theirs depends on view tutormax.metric_sessions" in refused.message
    assert "Drop those, run dbt build again and create them anew" in refused.message
    assert "cascade" not in refused.message.lower()
    assert shared.execute("select 1 from public.theirs")
    shared.execute("drop view public.theirs")
    assert shared.dbt("run", "--select", "metric_sessions").succeeded


# Locks.


def test_strangers_and_a_build_that_changes_nothing(
    shared: PostgresWarehouse, stranger: str
) -> None:
    tables = shared.execute(
        "select schemaname || '.' || tablename from pg_tables "
        "where schemaname in ('staging', 'intermediate', 'tutormax')"
    )
    reads = [f"select 1 from {table} limit 1" for (table,) in tables]
    reads += [f"select count(*) from tutormax.{view}" for view in VIEWS]
    advisory = "select pg_advisory_lock(hashtext('staging.build_log'))"
    with transaction(shared.url, *reads), transaction(stranger, advisory):
        build = shared.try_build(variables=SOON)
    assert build.succeeded, build.message
    assert set(VIEWS) <= build.unchanged
    for mode in ("access share", "row exclusive", "exclusive"):
        lock = f"lock table staging.build_log in {mode} mode"
        with pytest.raises(InsufficientPrivilege), transaction(stranger, lock):
            pass


@pytest.mark.depth(
    "relation",
    quick=["tutormax.metric_sessions"],
    deep=["tutormax.metric_sessions", "tutormax.sessions", "staging.build_log"],
)
def test_a_build_says_who_holds_it_up(shared: PostgresWarehouse, relation: str) -> None:
    news(shared)
    mode = "access share" if "metric" in relation else "share"
    if relation == "tutormax.metric_sessions":
        older_view(shared, "metric_sessions", "fewer")
    words = ("--select", "+metric_sessions")
    with transaction(shared.url, f"lock table {relation} in {mode} mode") as pid:
        build = shared.try_build(*words, variables=SOON)
    assert not build.succeeded
    assert f'{relation} is locked by process {pid} (application "their tool", user' in build.message
    assert "Wait for that session or end it, then run the command again." in build.message
    again = shared.try_build(*words)
    assert again.succeeded, again.message
    assert shared.execute("select 1 from tutormax.metric_sessions where session_id = 'news'")


@pytest.mark.usefixtures("impatient")
@pytest.mark.depth(
    "relation", quick=["staging.build_log"], deep=["staging.build_log", "raw.sessions"]
)
def test_a_command_says_who_holds_it_up(shared: PostgresWarehouse, relation: str) -> None:
    before = shared.everything()
    with transaction(shared.url, f"lock table {relation} in share mode") as pid:
        said = shared.refused("erase", "student", "student-1", "--yes")
    assert f'{relation} is locked by process {pid} (application "their tool"' in said
    assert shared.everything() == before


# Views of others, a publication, and what anybody may put into `public`.

TRAP = "as $$ begin raise exception 'a trap was called'; end $$ language plpgsql"
READ = (
    "tutormax.metric_sessions",
    "staging.core__pending_changes",
    "intermediate.int_activity__calculation_dates",
    "staging.performance_tiers",
)


def set_traps(stranger: str) -> None:
    """Let the stranger make functions of the names that ours and PostgreSQL's have."""
    with closing(psycopg2.connect(stranger)) as connection, connection.cursor() as cursor:
        for function in (
            f"lower(varchar) returns text {TRAP}",
            f"same(varchar, varchar) returns boolean {TRAP}",
            f"count_any(varchar) returns text {TRAP}",
        ):
            cursor.execute(f"create function public.{function}")
        cursor.execute(
            "create operator public.= "
            "(function = public.same, leftarg = varchar, rightarg = varchar)"
        )
        connection.commit()
        with pytest.raises(psycopg2.Error, match="a trap was called"):
            cursor.execute("select lower('A'::varchar)")
        connection.rollback()


def test_everything_works_beside_what_others_made(shared: PostgresWarehouse, stranger: str) -> None:
    """Their views stay, no function of theirs is called, and a publication refuses no change."""
    shared.execute("create publication everything for all tables")
    shared.execute("grant create, usage on schema public to public")
    set_traps(stranger)
    shared.execute("create schema team")
    for number, source in enumerate(READ):
        shared.execute(f"create view team.theirs_{number} as select * from {source}")
    clock = shared.execute("select * from team.theirs_2")
    news(shared)
    for words in ((), ("--full-refresh",)):
        build = shared.try_build(*words)
        assert build.succeeded, build.message

    assert len(shared.execute("select 1 from pg_views where schemaname = 'team'")) == len(READ)
    assert shared.execute("select * from team.theirs_2") == clock
    assert shared.execute("select 1 from team.theirs_0 where session_id = 'news'")
    assert shared.execute("select * from team.theirs_3")

    shared.dbt("test", "--select", "tutors")
    shared.command("summary")
    shared.command("archive")
    for kind in ("student", "tutor"):
        shared.command("erase", kind, f"{kind}-1", "--yes")
    shared.command("maintain")
    assert shared.mentions("student-1") == []
    shared.build()
    assert not shared.execute(
        "select oid::regclass from pg_class where relkind = 'r' and relreplident = 'd' "
        "and relnamespace::regnamespace::text in "
        "('raw', 'archive', 'staging', 'intermediate', 'tutormax') "
        "and not exists (select 1 from pg_index where indrelid = pg_class.oid and indisprimary)"
    )


# What a role or a database sets.


def test_settings_of_the_role_change_no_row(shared: PostgresWarehouse) -> None:
    before = shared.published(audit=True)
    for setting in (
        "DateStyle = 'German, DMY'",
        "IntervalStyle = 'iso_8601'",
        "TimeZone = 'Asia/Kathmandu'",
        "extra_float_digits = 0",
        "bytea_output = 'escape'",
        "default_transaction_isolation = 'serializable'",
        "enable_hashjoin = off",
        "enable_nestloop = off",
        "jit = on",
        "jit_above_cost = 0",
        "default_transaction_read_only = on",
    ):
        shared.execute(f"alter role current_user in database {shared.database} set {setting}")
    for words in ((), ("--full-refresh",)):
        build = shared.try_build(*words)
        assert build.succeeded, build.message
    with closing(psycopg2.connect(shared.url)) as connection, connection.cursor() as cursor:
        cursor.execute("show default_transaction_read_only")
        assert cursor.fetchall() == [("on",)]
    shared.command("summary")
    assert "There is no student" in shared.refused("erase", "student", "nobody", "--yes")
    shared.execute(
        "set transaction read write; "
        f"alter role current_user in database {shared.database} reset all"
    )
    assert shared.published(audit=True) == before


def test_strings_with_other_escapes_are_refused(shared: PostgresWarehouse) -> None:
    shared.execute(
        f"alter role current_user in database {shared.database} "
        "set standard_conforming_strings = off"
    )
    build = shared.try_build()
    assert not build.succeeded
    assert "set standard_conforming_strings = on" in build.message
