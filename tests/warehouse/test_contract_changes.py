"""A contract changes while its table stands: the table follows it, or the build refuses."""

from __future__ import annotations

from typing import Any

from support.contract_changes import WIDER, Change, constrained, failing, typed, without
from support.factories import WORLD_WITH_REFUSALS as WORLD  # noqa: F401 - built_warehouse holds it
from support.project import Build
from support.warehouses import DatabaseWarehouse, on_postgres


def changed(warehouse: DatabaseWarehouse, *changes: Change) -> None:
    """Let the next run find the models changed."""
    manifest = warehouse.project.changed(*changes).manifest_for(warehouse.environment)
    manifest.build_flat_graph()
    warehouse.project.spares.append(manifest)


def run_changed(warehouse: DatabaseWarehouse, *changes: Change, words: str = "") -> Build:
    changed(warehouse, *changes)
    return warehouse.dbt("run", *words.split())


def select(*models: str) -> str:
    return " ".join(["--select", *models])


SECRET = "somebody.secret@example.com"
PUBLISHED = ("sessions", "tutors", "tutor_performance_metrics", "metric_sessions")
"""The models that WIDER changes, and a view of one."""

NARROWER = {
    "subject is varchar(100)": typed("sessions", "subject", "varchar(99)"),
    "duration_minutes is integer": typed(
        "sessions", "duration_minutes", "smallint", "cast(duration_minutes as smallint)"
    ),
    "late_start_minutes is integer": typed(
        "sessions", "late_start_minutes", "text", "cast(late_start_minutes as text)"
    ),
    "technical_issues is not in": without("sessions", "technical_issues"),
}
"""A shorter text, a smaller number, another kind and a column less, by what is said of them."""


def types(warehouse: DatabaseWarehouse) -> dict[tuple[str, str], tuple[str, int | None, bool]]:
    return {
        (table, column): (kind, length, nullable == "YES")
        for table, column, kind, length, nullable in warehouse.execute(
            "select table_name, column_name, lower(data_type), character_maximum_length,"
            " is_nullable from information_schema.columns where table_schema = 'tutormax'"
        )
    }


def test_a_table_follows_a_wider_contract(warehouse: DatabaseWarehouse) -> None:
    is_postgres = warehouse.target == "postgres"
    before = warehouse.published(audit=True)
    if is_postgres:
        warehouse.execute("create schema bi")
        warehouse.execute(
            "create view bi.lessons with (security_barrier = true) as"
            " select session_id, subject, duration_minutes from tutormax.sessions"
        )
        warehouse.execute("create view bi.long_lessons as select * from bi.lessons")
        warehouse.execute("comment on column bi.lessons.subject is 'What was taught.'")
        warehouse.execute("grant select on bi.long_lessons, tutormax.sessions to public")
        warehouse.execute("grant select (subject) on bi.lessons to public")
    grants = (
        "select relname, relacl::text, reloptions::text, array(select attacl::text from"
        " pg_attribute where attrelid = pg_class.oid order by attnum) from pg_class where"
        " relname in ('lessons', 'long_lessons', 'sessions', 'metric_sessions')"
        " order by relname, relnamespace::regnamespace::text"
    )
    keys = (
        "select oid, conname from pg_constraint where contype in ('p', 'f', 'u')"
        " and connamespace = 'tutormax'::regnamespace order by 1"
    )
    kept = [warehouse.execute(sql) for sql in (grants, keys)] if is_postgres else []

    done = run_changed(warehouse, *WIDER, words=select(*PUBLISHED))
    assert done.succeeded, done.message
    now = types(warehouse)
    text = "character varying" if is_postgres else "varchar"
    assert now["sessions", "subject"] == (text, 300 if is_postgres else None, True)
    assert now["sessions", "duration_minutes"][0] == "bigint"
    assert now["sessions", "channel"] == (text, 20 if is_postgres else None, True)
    assert now["tutors", "education_level"][0] == ("text" if is_postgres else "varchar")
    assert warehouse.execute("select distinct channel from tutormax.sessions") == [("web",)]
    warehouse.execute("update tutormax.sessions set session_type = 'trio', subject = null")
    comments = (
        "select column_name from duckdb_columns() where comment is null"
        " and schema_name = 'tutormax' and table_name = 'sessions'"
    )
    if is_postgres:
        after = [warehouse.execute(sql) for sql in (grants, keys)]
        # The new column has no grants, and neither have the views' columns other than before.
        assert [row[:3] for row in after[0]] == [row[:3] for row in kept[0]]
        assert after[1] == kept[1]
        assert warehouse.execute("select count(*) from bi.long_lessons where subject is null")
        said = "select col_description('bi.lessons'::regclass, 2)"
        assert warehouse.execute(said) == [("What was taught.",)]
    else:
        assert warehouse.execute(comments) == [("channel",)]

    done = run_changed(warehouse, *WIDER, words=f"--full-refresh {select(*PUBLISHED)}")
    assert done.succeeded, done.message
    after_all = warehouse.published(audit=True)
    for row in after_all["sessions"].values():
        del row["channel"]
    assert after_all == before


def test_what_would_narrow_is_refused(warehouse: DatabaseWarehouse) -> None:
    before = warehouse.everything()
    for words in ("", "--full-refresh"):
        done = run_changed(warehouse, *NARROWER.values(), words=words)
        assert not done.succeeded
        assert [said for said in NARROWER if said not in done.message] == [], done.message
        assert "nothing was changed" in done.message
        assert "new version" in done.message
    assert warehouse.everything() == before


def test_rows_that_break_a_new_constraint_are_refused(warehouse: DatabaseWarehouse) -> None:
    """None of the rows is printed, and the table stays as it was, types and all."""
    before, held = warehouse.published(audit=True), types(warehouse)
    started = constrained("sessions", "actual_start", {"type": "not_null"})
    positive = {"type": "check", "expression": "duration_minutes > 99"}
    long = constrained("sessions", "duration_minutes", positive)
    wider = typed("sessions", "subject", "varchar(300)")
    done = run_changed(warehouse, started, long, wider, words=select("sessions"))
    assert not done.succeeded
    assert "duration_minutes > 99 (broken by" in done.message
    assert "actual_start is not null (broken by" in done.message
    assert "so tutormax.sessions stays as it was" in done.message
    assert types(warehouse) == held
    assert warehouse.published(audit=True) == before


def test_an_alteration_that_breaks_off_is_made_by_the_next_build(
    warehouse: DatabaseWarehouse,
) -> None:
    """It is one transaction with the rows of its model."""
    before, held = warehouse.published(audit=True), types(warehouse)

    words = select("sessions", "tutors")
    assert not run_changed(warehouse, *WIDER, failing("sessions"), words=words).succeeded
    now = types(warehouse)
    sessions = {key: value for key, value in now.items() if key[0] == "sessions"}
    assert sessions == {key: value for key, value in held.items() if key[0] == "sessions"}
    assert warehouse.published(audit=True)["sessions"] == before["sessions"]
    assert run_changed(warehouse, *WIDER, words=words).succeeded
    assert types(warehouse)["sessions", "duration_minutes"][0] == "bigint"


def test_private_tables_are_made_again_with_other_types(warehouse: DatabaseWarehouse) -> None:
    """The next model of the build finds their rows, however many.

    DuckDB 2.0 finds none if a table is made of a select without rows and then gets so many.
    """
    before = warehouse.published(audit=True)
    place = (
        "select lower(data_type) from information_schema.columns"
        " where column_name = 'churn_day' and table_name = 'int_churn__churn_events'"
    )
    day = "date '2025-01-01'"
    finals = {
        "int_churn__churn_events": "select 't' || numbers.n as tutor_id, timestamp '2025-01-01' as "
        f"churn_day, {day} as known_on from generate_series(1, 130000) as numbers (n)",
        "int_churn__labels": f"select tutor_id, {day} as prediction_day, {day} as churn_day "
        "from churn_days where tutor_id = 't5'",
    }

    def retyped(models: dict[str, Any]) -> None:
        for name, final in finals.items():
            node = models[name]
            assert node.raw_code.rstrip().endswith("select * from final")
            node.raw_code = node.raw_code.rstrip().replace("select * from final", final)
            node.checksum.checksum += "another"

    assert warehouse.execute(place) == [("date",)]
    done = run_changed(warehouse, retyped, words=select(*finals))
    assert done.succeeded, done.message
    assert warehouse.execute(place)[0][0].startswith("timestamp")
    assert warehouse.execute("select tutor_id from intermediate.int_churn__labels") == [("t5",)]
    warehouse.fill("--select", "int_churn__churn_events+1")
    assert warehouse.execute(place) == [("date",)]
    assert warehouse.published(audit=True) == before


def test_a_seed_is_made_again_with_other_types(warehouse: DatabaseWarehouse) -> None:
    seed = "performance_tiers"
    place = (
        "select lower(data_type) from information_schema.columns"
        f" where table_name = '{seed}' and column_name = 'min_green'"
    )
    before = warehouse.texts({f"staging.{seed}": ()})
    other = warehouse.project.changed()
    other.manifest.nodes[f"seed.tutormax.{seed}"].config.column_types["min_green"] = "bigint"
    assert warehouse.execute(place) == [("integer",)]
    for project, kind in ((other, "bigint"), (warehouse.project, "integer")):
        manifest = project.manifest_for(warehouse.environment)
        manifest.build_flat_graph()
        warehouse.project.spares.append(manifest)
        done = warehouse.dbt("seed", "--select", seed)
        assert done.succeeded, done.message
        assert warehouse.execute(place) == [(kind,)]
        assert warehouse.texts({f"staging.{seed}": ()}) == before


@on_postgres
def test_errors_do_not_print_rows(warehouse: DatabaseWarehouse) -> None:
    """The address is that of a row which the table refuses, or of one that cannot be cast."""
    for said, column, value in (
        ("duplicate key value", "email", f"'{SECRET}'"),
        ("invalid input syntax", "status", "cast(cast(email as integer) as varchar(50))"),
        ("value too long", "name", f"repeat('{SECRET}', 50)"),
        ("status in (", "status", f"'{SECRET}'"),
    ):
        secret = typed("tutors", column, "varchar(255)", value)
        done = run_changed(warehouse, secret, words=select("tutors"))
        assert not done.succeeded, said
        assert said in done.message, done.message
        assert "@example.com" not in done.message.replace(value, "")


@on_postgres
def test_a_key_of_more_columns_replaces_the_one_that_stands(warehouse: DatabaseWarehouse) -> None:
    """As when outcomes got a row for each population."""
    outcomes = "churn_prediction_outcomes"
    key = (
        "select pg_get_constraintdef(oid) from pg_constraint where contype = 'p'"
        f" and conrelid = 'tutormax.{outcomes}'::regclass"
    )
    before, held = warehouse.published(outcomes), warehouse.execute(key)
    for statement in (
        f"delete from tutormax.{outcomes} where population <> 'all' returning 1",
        f"alter table tutormax.{outcomes} drop column population cascade",
        f"alter table tutormax.{outcomes}"
        " add primary key (model_version, horizon_days, prediction_month)",
        f"update staging.watermarks set contract = '{{\"columns\": {{}}}}'"
        f" where model = '{outcomes}' and contract is not null returning 1",
    ):
        warehouse.execute(statement)
    done = warehouse.dbt("run", "--full-refresh", "--select", outcomes)
    assert done.succeeded, done.message
    assert warehouse.execute(key) == held
    assert warehouse.published(outcomes) == before != {outcomes: {}}
