"""On PostgreSQL builds change rows and never replace tables: keys, indexes and grants stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from support.factories import WORLD_WITH_REFUSALS as WORLD
from support.tables import DEFAULT_ARRIVAL, KEYS, PUBLISHED, Row
from support.warehouses import PostgresWarehouse

METRICS = "tutor_performance_metrics"
PREDICTIONS = "churn_predictions"
FULL = ("--full-refresh",)
LATER = DEFAULT_ARRIVAL + timedelta(days=1)

NAMED_BY = {
    table: key if isinstance(key, str) else f"concat_ws(' ', {', '.join(key)})"
    for table, key in PUBLISHED.items()
}
"""What names a row of each published table, as SQL."""

Catalog = dict[str, list[tuple[Any, ...]]]
Versions = dict[str, dict[Any, tuple[Any, ...]]]


def acl(column: str) -> str:
    """The grants of a catalog row in an order that granting anew does not change."""
    return f"array(select item::text from unnest({column}) as item order by 1)"


def catalog(warehouse: PostgresWarehouse) -> Catalog:
    """What identifies the published tables, their keys, indexes, checks, grants and comments."""
    questions = {
        "tables": f"select relname, oid, relfilenode, {acl('relacl')} from pg_class"
        " where relkind = 'r' and relnamespace = 'tutormax'::regnamespace order by relname",
        "columns": f"select attrelid, attname, attnum, atttypid, attnotnull, {acl('attacl')}"
        " from pg_attribute join pg_class on pg_class.oid = attrelid"
        " where relnamespace = 'tutormax'::regnamespace and attnum > 0 order by 1, 3",
        "indexes": "select indexrelid, pg_get_indexdef(indexrelid) from pg_index"
        " join pg_class on pg_class.oid = indrelid"
        " where relnamespace = 'tutormax'::regnamespace order by 1",
        "constraints": "select oid, conname, pg_get_constraintdef(oid) from pg_constraint"
        " where connamespace = 'tutormax'::regnamespace order by 1",
        "comments": "select objoid, objsubid, pg_description.xmin::text, description"
        " from pg_description join pg_class on pg_class.oid = objoid"
        " where relnamespace = 'tutormax'::regnamespace order by 1, 2",
    }
    answers = {name: warehouse.execute(query) for name, query in questions.items()}
    assert all(answers.values())
    return answers


def versions(warehouse: PostgresWarehouse) -> Versions:
    """The rows of the published tables by key, each with the transaction that wrote it."""
    return {
        table: {
            key: version
            for key, *version in warehouse.execute(
                f"select {key}, xmin::text, to_jsonb({table}) from {table}"
            )
        }
        for table, key in NAMED_BY.items()
    }


def changed(before: Versions, after: Versions) -> dict[str, set[Any]]:
    """The keys of rows that were written, by table."""
    assert {table: rows.keys() for table, rows in before.items()} == {
        table: rows.keys() for table, rows in after.items()
    }
    written = {
        table: {key for key, version in rows.items() if version[0] != before[table][key][0]}
        for table, rows in after.items()
    }
    return {table: keys for table, keys in written.items() if keys}


@pytest.fixture
def granted(postgres_warehouse: PostgresWarehouse) -> PostgresWarehouse:
    """Somebody has been let in to some of it."""
    for what in (
        "select on tutormax.sessions, tutormax.tutors",
        "select (metric_id) on tutormax.tutor_performance_metrics",
    ):
        postgres_warehouse.execute(f"grant {what} to public")
    return postgres_warehouse


@pytest.mark.depth(
    "words",
    quick=[FULL, ("--select", "sessions", "tutors", "--full-refresh")],
    deep=[
        *((), FULL),
        ("--select", "sessions", "--full-refresh"),
        ("--select", "tutors", "--full-refresh"),
        ("--select", "+tutors+"),
        ("--exclude", "staging"),
    ],
)
def test_a_build_over_the_same_raw_touches_nothing(
    words: tuple[str, ...], granted: PostgresWarehouse
) -> None:
    catalog_before, before = catalog(granted), versions(granted)
    assert all(before.values())
    build = granted.try_build(*words)
    assert build.succeeded, build.message
    assert versions(granted) == before
    assert catalog(granted) == catalog_before


def correct(warehouse: PostgresWarehouse, table: str, row: Row, **news: Any) -> None:
    newer = {"updated_at": row["updated_at"] + timedelta(days=1)} if "updated_at" in row else {}
    warehouse.insert({table: [row | newer | {"_loaded_at": LATER} | news]})


@pytest.mark.depth("words", quick=[()], deep=[(), FULL])
def test_a_changed_row_changes_only_itself(
    words: tuple[str, ...], granted: PostgresWarehouse
) -> None:
    catalog_before, before = catalog(granted), versions(granted)
    helped = WORLD["interventions"][3]
    correct(granted, "interventions", helped, notes="Talked again.")
    granted.build(*words)
    after = versions(granted)
    del before["rejected_records"]
    superseded = after.pop("rejected_records")
    assert changed(before, after) == {"interventions": {helped["intervention_id"]}}
    assert after["interventions"][helped["intervention_id"]][1]["notes"] == "Talked again."
    assert [
        row["record_key"] for _, row in superseded.values() if "superseded" in row["reasons"]
    ] == [helped["intervention_id"]]
    assert catalog(granted) == catalog_before


def test_corrected_and_deleted_sessions_change_their_tutor_s_rows_alone(
    granted: PostgresWarehouse,
) -> None:
    catalog_before, before = catalog(granted), versions(granted)
    missed = max(
        (row for row in WORLD["sessions"] if row["actual_start"] and row["tutor_id"] == "tutor-1"),
        key=lambda row: row["scheduled_start"],
    )
    correct(granted, "sessions", missed, no_show=True, actual_start=None)
    granted.execute("delete from raw.sessions where session_id = 'unrated'")
    granted.build()
    after = versions(granted)
    del before["sessions"]["unrated"]
    for table in (
        *("rejected_records", "churn_prediction_outcomes", "churn_feature_drift"),
        *("churn_model_status", "intervention_recommendations", "intervention_effectiveness"),
    ):
        del before[table], after[table]
    written = changed(before, after)
    assert written.keys() == {"sessions", METRICS, PREDICTIONS}
    assert written["sessions"] == {missed["session_id"]}
    for table in (METRICS, PREDICTIONS):
        for key in written[table]:
            old, new = before[table][key][1], after[table][key][1]
            assert new["tutor_id"] == "tutor-1"
            assert new["updated_at"] > old["updated_at"]
            assert new["created_at"] == old["created_at"]
            audit = {"created_at": None, "updated_at": None}
            assert old | audit != new | audit
    # Of the deleted session, of 2025-03-05, the last of these knows nothing.
    weeks = [after[METRICS][key][1] for key in written[METRICS]]
    days = {row["calculation_date"][:10] for row in weeks if row["window"] == "7day"}
    assert "2025-03-06" in days
    assert max(days) > "2025-03-12" < f"{missed['scheduled_start']:%Y-%m-%d}"
    assert catalog(granted) == catalog_before


@pytest.mark.depth("emptied", quick=["tutors"], deep=["sessions", "tutors"])
def test_raw_emptied_by_mistake_stops_the_build(emptied: str, granted: PostgresWarehouse) -> None:
    catalog_before, before = catalog(granted), versions(granted)
    granted.execute(f"truncate raw.{emptied}")
    # The world is small, and so is the fuse.
    build = granted.try_build(variables={"min_delete_rows": 3})
    assert not build.succeeded
    assert "This build would remove" in build.message
    assert "load what is missing in raw, or pass --vars" in build.message
    for table in KEYS:
        granted.execute(f"truncate raw.{table}")
    build = granted.try_build(variables={"min_delete_rows": 3})
    assert not build.succeeded
    assert "Every table of raw is empty in postgres: load raw files with" in build.message
    assert versions(granted) == before
    assert catalog(granted) == catalog_before
