"""Whoever loads rows that are refused, or dated long after they arrived, is told so."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.factories import event, random_world, tutor
from support.tables import DEFAULT_ARRIVAL, later, merged
from support.validating import validated
from support.warehouses import DatabaseWarehouse


@pytest.mark.deep("postgres")
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_rejected_and_misdated_arrivals_are_named_until_better_ones_arrive(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, deep: bool
) -> None:
    new = {"duckdb": "new_warehouse", "postgres": "new_postgres"}[engine]
    warehouse: DatabaseWarehouse = request.getfixturevalue(new)()
    bad = [tutor(f"bad-{n}", status="asleep", name=None if n else "Ann") for n in range(3)]
    ahead = event("ahead", "tutor-1", "2045-01-01")
    warehouse.insert(
        merged(random_world(21, days=3), {"tutors": [*bad, bad[0]], "tutor_events": [ahead]})
    )
    warehouse.execute(
        "insert into raw.unreadable_rows (source_table, record, error, _loaded_at) values "
        f"""('tutors', '{{"tutor_id": "odd"}}', 'name', '{DEFAULT_ARRIVAL.isoformat()}')"""
        " returning 1"
    )
    warehouse.build()
    arrived = len(warehouse.rows("tutors", "raw")) + 1
    (logged,) = (r for r in warehouse.rows("tutormax_arrivals") if r["source_table"] == "tutors")
    assert logged == {
        "build_number": 1,
        "source_table": "tutors",
        "rows_arrived": arrived,
        "rows_rejected": 5,
        "reasons": "name_missing + status_not_in_enum 2, status_not_in_enum 2, unreadable 1",
        "is_over_limit": True,
        "rows_dated_ahead": 0,
    }
    said = warehouse.command("summary", "--target", engine)
    assert (
        f"5 of the {arrived} rows of tutors that arrived last are rejected: {logged['reasons']}"
    ) in said
    assert "1 row of tutor_events dated more than a day after arrival" in said
    pages = tmp_path / "pages"
    with_keys = (
        "name_missing + status_not_in_enum 2 such as bad-1, status_not_in_enum 2 such as bad-0"
    )
    for words, shown in ((("--names",), with_keys), ((), logged["reasons"]))[: 1 + deep]:
        warehouse.command("reports", "--target", engine, "--out", str(pages), *words)
        assert shown in (pages / "index.html").read_text()
    assert any(
        f"rejected: 5 ({with_keys}" in str(result) for result in validated(warehouse, "tutors")
    )
    assert max(row["prediction_date"].year for row in warehouse.rows("churn_predictions")) == 2025

    warehouse.fill("--select", "staging", "core")
    assert max(row["build_number"] for row in warehouse.rows("tutormax_arrivals")) == 1
    warehouse.insert(later({"tutors": [tutor(f"good-{n}") for n in range(3)]}, 1))
    warehouse.fill("--select", "staging", "core")
    said = warehouse.command("summary", "--target", engine)
    assert "of tutors that arrived last" not in said
    assert "1 row of tutor_events dated more than a day after arrival" in said
