"""Who may read what on PostgreSQL: each role is let in where it should be, else refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import make_url

from support.project import REPOSITORY, environment
from support.tables import LABELS, PERSONAL, PUBLISHED
from support.warehouses import NewPostgres, PostgresWarehouse
from tutormax.errors import UserError
from tutormax.operations.check import missing_on_postgres
from tutormax.operations.roles import ROLES

PEOPLE = ("--select", "tutors", "students", "sessions")
"""What builds grant and make views of does not depend on what else they build."""


@pytest.fixture(scope="module")
def built(built_on_postgres: PostgresWarehouse) -> Iterator[PostgresWarehouse]:
    """A warehouse whose roles were made before the first build, which then granted."""
    with built_on_postgres.copy() as warehouse:
        reads = "select has_table_privilege('tutormax_ops', 'tutormax.tutors', 'select')"
        assert warehouse.execute(reads) == [(True,)]
        warehouse.command("roles", "--target", "postgres")
        yield warehouse


@pytest.fixture(scope="module")
def logins(built: PostgresWarehouse) -> Iterator[dict[str, str]]:
    """The URL of a person who logs in with each role, and of one who has none."""
    suffix = uuid4().hex[:8]
    people = {role: f"person_{number}_{suffix}" for number, role in enumerate([*ROLES, "nobody"])}
    for role, person in people.items():
        built.execute(f"create role {person} login password 'secret'")
        if role != "nobody":
            built.execute(f"grant {role} to {person}")
    yield {
        role: make_url(built.url)
        .set(username=person, password="secret")
        .render_as_string(hide_password=False)
        for role, person in people.items()
    }
    for person in people.values():
        built.execute(f"drop role {person}")


def refused(url: str, statements: Iterable[str]) -> list[str]:
    """Run each of the statements, roll it back, and give those that were refused."""
    found = []
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        for sql in statements:
            try:
                cursor.execute(sql)
            except InsufficientPrivilege:
                found.append(sql)
            finally:
                connection.rollback()
    return found


def is_refused(url: str, sql: str) -> bool:
    return bool(refused(url, [sql]))


def columns(warehouse: PostgresWarehouse, table: str) -> list[str]:
    return [
        name
        for (name,) in warehouse.execute(
            "select column_name from information_schema.columns "
            f"where table_schema = 'tutormax' and table_name = '{table}'"
        )
    ]


def readable(warehouse: PostgresWarehouse, url: str, table: str) -> set[str]:
    asked = {f'select "{name}" from tutormax.{table}': name for name in columns(warehouse, table)}
    return {*asked.values()} - {asked[sql] for sql in refused(url, asked)}


def published(warehouse: PostgresWarehouse) -> list[str]:
    tables = warehouse.execute("select tablename from pg_tables where schemaname = 'tutormax'")
    return [name for (name,) in tables]


def test_analysts_read_all_that_is_not_personal(
    built: PostgresWarehouse, logins: dict[str, str]
) -> None:
    tables = published(built)
    assert PUBLISHED.keys() <= set(tables)
    for table in tables:
        hidden = PERSONAL.get(table, set()) | LABELS.get(table, set())
        assert hidden <= set(columns(built, table))
        expected = set(columns(built, table)) - hidden
        assert readable(built, logins["tutormax_analyst"], table) == expected, table
    assert is_refused(logins["tutormax_analyst"], "select * from tutormax.tutors")
    assert is_refused(
        logins["tutormax_analyst"], "select count(record) from tutormax.rejected_records"
    )
    assert not is_refused(logins["tutormax_analyst"], "select count(*) from tutormax.tutors")


def test_operations_read_all_that_is_published(
    built: PostgresWarehouse, logins: dict[str, str]
) -> None:
    tried = [f"select * from tutormax.{table}" for table in published(built)]
    assert refused(logins["tutormax_ops"], tried) == []


def test_the_tutor_portal_reads_metrics_and_no_more(
    built: PostgresWarehouse, logins: dict[str, str]
) -> None:
    portal = logins["tutormax_tutor_portal"]
    for table in published(built):
        may = bool(readable(built, portal, table))
        assert may == (table == "tutor_performance_metrics"), table
    assert not is_refused(portal, "select performance_tier from tutormax.tutor_performance_metrics")


def test_the_loader_reads_raw_and_adds_to_it(logins: dict[str, str]) -> None:
    loader = logins["tutormax_loader"]
    for table in ("tutors", "sessions", "unreadable_rows"):
        assert not is_refused(loader, f"select * from raw.{table}")
        assert not is_refused(loader, f"insert into raw.{table} (_loaded_at) values (now())")
        assert is_refused(loader, f"delete from raw.{table}")
        assert is_refused(loader, f"update raw.{table} set _loaded_at = now()")
    assert is_refused(loader, "truncate raw.tutors")
    for table in ("tutormax.students", "archive.students", "staging.build_log"):
        assert is_refused(loader, f"select * from {table}")


def test_the_loader_keeps_nothing_of_erased_people(
    built: PostgresWarehouse,
    logins: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built.execute(
        "insert into archive.tombstones (secret, hash) select max(secret), "
        "md5(max(secret) || 'student_id:gone again') from archive.tombstones"
    )
    (tmp_path / "students.csv").write_text("student_id,name,age\ngone again,A,9\ngone again,B,?\n")
    owner = built.environment
    monkeypatch.setattr(built, "environment", as_login(built, logins["tutormax_loader"]))
    built.load(tmp_path)
    monkeypatch.setattr(built, "environment", owner)
    assert built.mentions("gone again") == []
    erased = "from raw.unreadable_rows where error = 'erased'"
    assert built.execute(f"select source_table, record {erased}") == [("students", "{}")] * 2
    built.execute("revoke select on archive.tombstones from tutormax_loader")
    monkeypatch.setattr(built, "environment", as_login(built, logins["tutormax_loader"]))
    with pytest.raises(UserError, match=r"may not read .*tombstones.* run `tutormax roles`"):
        built.load(tmp_path)
    built.execute("grant select on archive.tombstones to tutormax_loader")
    built.execute(f"delete {erased}")
    built.execute("delete from archive.tombstones where hash is not null")


def test_no_key_of_a_rejected_row_can_be_guessed(
    built: PostgresWarehouse, logins: dict[str, str]
) -> None:
    """Even the key, the arrival and the reasons do not give the id away."""
    guesses = (
        "md5(source_table || '|' || coalesce(record_key, '~null~') || '|' || "
        "cast(cast(extract(epoch from loaded_at) * 1000000 as bigint) as varchar) || '|' || "
        "array_to_string(reasons, '{}') || '|1')"
    )
    for separator in ("|", ",", ", "):
        hit = f"rejected_record_id = {guesses.format(separator)}"
        assert built.execute(f"select count(*) from tutormax.rejected_records where {hit}") == [
            (0,)
        ]
    secret = "select secret from archive.tombstones"
    assert built.execute(f"select count(*) from ({secret}) as kept") == [(1,)]
    for role in ("tutormax_analyst", "tutormax_ops", "tutormax_tutor_portal"):
        assert is_refused(logins[role], secret)


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_nobody_writes_what_is_published_nor_looks_behind_it(
    built: PostgresWarehouse, logins: dict[str, str], role: str
) -> None:
    tables = published(built)
    tried = [f"delete from tutormax.{table}" for table in tables]
    tried += [f"insert into tutormax.{table} default values" for table in tables]
    behind = {"raw", "staging", "intermediate", "archive"}
    if role == "tutormax_loader":
        behind -= {"raw"}
    for schema, name in built.execute("select schemaname, tablename from pg_tables"):
        if schema in behind and (role, name) != ("tutormax_loader", "tombstones"):
            tried.append(f'select * from "{schema}"."{name}"')
    if role == "nobody":
        tried += [f"select 1 from tutormax.{table}" for table in tables]
    assert refused(logins[role], tried) == tried


def test_stored_failures_of_tests_are_for_operations_alone(
    built: PostgresWarehouse, logins: dict[str, str]
) -> None:
    one = "where session_id = (select min(session_id) from tutormax.sessions)"
    ((minutes,),) = built.execute(f"select duration_minutes from tutormax.sessions {one}")
    built.execute(f"update tutormax.sessions set duration_minutes = 9999 {one}")
    try:
        tested = built.dbt("test", "--select", "sessions", "--store-failures")
        assert not tested.succeeded
        stored = built.execute(
            "select schemaname, tablename from pg_tables where schemaname like '%dbt_test__audit'"
        )
        assert stored
        tried = [f'select * from "{schema}"."{name}"' for schema, name in stored]
        for url in logins.values():
            assert refused(url, tried) == tried
    finally:
        built.execute(f"update tutormax.sessions set duration_minutes = {minutes} {one}")


def test_each_build_grants_anew(built: PostgresWarehouse, logins: dict[str, str]) -> None:
    analyst = logins["tutormax_analyst"]
    built.execute("grant select on tutormax.students to tutormax_analyst")
    built.execute("grant select (email) on tutormax.tutors to tutormax_analyst")
    built.execute("revoke all on tutormax.sessions from tutormax_analyst")
    assert not is_refused(analyst, "select name from tutormax.students")
    built.build(*PEOPLE)
    assert is_refused(analyst, "select name from tutormax.students")
    assert is_refused(analyst, "select email from tutormax.tutors")
    assert not is_refused(analyst, "select session_type from tutormax.sessions")


def test_each_build_makes_the_views_of_analysts_right(
    built: PostgresWarehouse, logins: dict[str, str]
) -> None:
    analyst, nobody = (logins["tutormax_analyst"], make_url(logins["nobody"]).username)
    built.execute("drop view analyst.tutors")
    built.execute("drop view analyst.students")
    built.execute("create view analyst.students as select name, student_id from tutormax.students")
    built.execute("create schema bi")
    built.execute("create view bi.students as select student_id from analyst.students")
    stopped = built.try_build(*PEOPLE)
    assert "view bi.students depends on" in stopped.message, stopped.message
    assert "Drop those, run dbt build again" in " ".join(stopped.message.split())
    built.execute("drop schema bi cascade")
    built.execute(f"grant select on analyst.students to {nobody}")
    built.build(*PEOPLE)
    for view in ("tutors", "students"):
        assert not is_refused(analyst, f"select * from analyst.{view}")
    named = "table_schema = 'analyst' and table_name = 'students' and column_name = 'name'"
    assert not built.execute(f"select 1 from information_schema.columns where {named}")
    assert built.execute(
        f"select has_table_privilege('{nobody}', 'analyst.students', 'select')"
    ) == [(True,)]
    built.execute(f"revoke all on analyst.students from {nobody}")
    made = (
        "select ev_class::regclass::text, xmin::text from pg_rewrite"
        " where ev_class::regclass::text like 'analyst.%' order by 1"
    )
    before = built.execute(made)
    assert len(before) > len(PUBLISHED)
    built.build("--full-refresh", *PEOPLE)
    assert built.execute(made) == before


def test_analysts_find_their_views_by_plain_names(
    built: PostgresWarehouse, logins: dict[str, str]
) -> None:
    built.command("roles", "--target", "postgres")
    assert not is_refused(logins["tutormax_analyst"], "select * from tutors")
    assert is_refused(logins["tutormax_analyst"], "select * from tutormax.tutors")


def test_the_command_may_be_repeated_and_grants_too(
    built: PostgresWarehouse, logins: dict[str, str]
) -> None:
    built.execute("grant select on tutormax.students to tutormax_analyst")
    said = built.command("roles", "--target", "postgres")
    assert is_refused(logins["tutormax_analyst"], "select name from tutormax.students")
    for role in ROLES:
        assert role in said
    attributes = built.execute("select rolname, rolcanlogin, rolsuper, rolcreaterole from pg_roles")
    assert {row for row in attributes if row[0] in ROLES} == {
        (role, False, False, False) for role in ROLES
    }


def test_a_build_grants_to_the_roles_that_are_there(
    built: PostgresWarehouse, logins: dict[str, str]
) -> None:
    built.execute("revoke all on tutormax.sessions from tutormax_analyst")
    built.execute("alter role tutormax_ops rename to tutormax_ops_elsewhere")
    try:
        built.build(*PEOPLE)
    finally:
        built.execute("alter role tutormax_ops_elsewhere rename to tutormax_ops")
    assert not is_refused(logins["tutormax_analyst"], "select no_show from tutormax.sessions")


def test_what_others_were_granted_is_named_and_public_is_closed(
    built: PostgresWarehouse, logins: dict[str, str]
) -> None:
    nobody = make_url(logins["nobody"]).username
    built.execute("grant create on schema public to public")
    built.execute(f"grant select on tutormax.students to {nobody}")
    built.execute("grant select (name) on tutormax.tutors to public")
    try:
        said = " ".join(built.command("roles", "--target", "postgres").split())
        assert f"select on tutormax.students is granted to {nobody}, but not by this" in said
        assert "select on tutormax.tutors (name) is granted to everybody" in said
        assert "schema public" not in said
        assert is_refused(logins["nobody"], "create table public.mine (n int)")
    finally:
        built.execute(f"revoke all on tutormax.students from {nobody}")
        built.execute("revoke all (name) on tutormax.tutors from public")
    assert "Warning" not in built.command("roles", "--target", "postgres")


def as_login(warehouse: PostgresWarehouse, url: str) -> dict[str, str]:
    parts = make_url(url)
    return warehouse.environment | {
        "TUTORMAX_PG_USER": str(parts.username),
        "TUTORMAX_PG_PASSWORD": str(parts.password),
    }


def test_what_a_role_may_not_read_is_said(
    built: PostgresWarehouse, logins: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_owner = built.command("summary")
    for role in ("tutormax_analyst", "tutormax_ops"):
        monkeypatch.setattr(built, "environment", as_login(built, logins[role]))
        assert built.command("summary") == as_owner
        assert "run it as the owner of the tables" in built.refused("validate")
    monkeypatch.setattr(built, "environment", as_login(built, logins["nobody"]))
    assert "may not read every published table" in built.refused("summary")


def sql_of_the_administrator() -> list[str]:
    text = (REPOSITORY / "docs" / "production.md").read_text()
    return re.sub("(?s).*```sql\n(create role warehouse_owner.*?)```.*", r"\1", text).splitlines()


def test_the_check_names_what_the_administrator_gives(
    new_postgres: NewPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"owner_{uuid4().hex[:8]}"
    with new_postgres() as warehouse:
        for schema in ("raw", "archive"):
            warehouse.execute(f"drop schema {schema} cascade")
        warehouse.execute("grant create on schema public to public")
        create, *others = sql_of_the_administrator()
        warehouse.execute(create.replace("warehouse_owner", name).replace("…", "secret"))
        owner = make_url(warehouse.url).set(username=name, password="secret")
        login = as_login(warehouse, owner.render_as_string(hide_password=False))
        monkeypatch.setattr(warehouse, "environment", login)
        with pytest.raises(UserError, match="7 things are missing"):
            warehouse.command("check")
        with environment(login):
            said = "\n".join(missing_on_postgres())
        for schema in ("raw", "archive", "staging", "intermediate", "tutormax", "analyst"):
            assert f"create schema {schema} authorization {name};" in said
        assert "revoke create on schema public from public;" in said
        for statement in others:
            if not statement.startswith("create role"):  # they are there
                warehouse.execute(statement.replace("warehouse_owner", name))
        assert "Nothing is missing" in warehouse.command("check")
        warehouse.execute("create table tutormax.foreign_one (n int)")
        with pytest.raises(UserError, match="1 thing is missing"):
            warehouse.command("check")
        warehouse.execute(f"drop owned by {name} cascade")
        warehouse.execute(f"drop role {name}")


def test_duckdb_has_no_roles(built: PostgresWarehouse) -> None:
    assert "DuckDB has no roles" in built.refused("roles", "--target", "duckdb")
