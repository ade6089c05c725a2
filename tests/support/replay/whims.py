"""Replays: random raw data in slices, built after each, compared with one full build of it all.

Raw is put into another order of rows for the full build: it must not matter.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from support.project import REPOSITORY, Build, Model, kept_models
from support.replay.worlds import KEYS, Slice, random_slices
from support.warehouses import DatabaseWarehouse
from tutormax.errors import UserError
from tutormax.schema import LOADED_AT, RETAINED_TABLES, tombstones

Kind = TypeVar("Kind", bound=DatabaseWarehouse)
Whim = Callable[[DatabaseWarehouse, random.Random, Slice], None]

LOADED_TABLES = [*KEYS, "unreadable_rows"]
ANYTHING_GOES = {"allow_mass_delete": True}
"""The worlds are so small that a single tutor can be more than a tenth of all."""

QUICKLY = (
    *("--threads", "1", "--log-level", "none"),
    # Views hold nothing that could differ.
    *("--exclude", "config.materialized:replaced_view"),
)


def load_seeds(warehouse: Kind) -> Kind:
    """Give the warehouse the seeds: what every replay, and every full build, begins with."""
    done = warehouse.dbt("seed")
    assert done.succeeded, done.message
    return warehouse


def replay(seeded: DatabaseWarehouse, number: int, *whims: Whim) -> None:
    """Build after most slices, with whims on the way, and compare with one full build.

    Raw is empty in `seeded`, and stays so.
    """
    rng = random.Random(f"replay {number}")
    slices = random_slices(number)
    whims = whims or (WHIMS[number % len(WHIMS)],)
    # Nothing new comes after other vars and seeds: it would have most days recomputed anyway.
    last = len(slices) - 1
    whimsical = {whim: last if whim is other_project else rng.randrange(last) for whim in whims}
    with seeded.copy() as market:
        # A whim loads the seed anew.
        if number % 2 and other_project not in whims:
            market.execute(f"insert into staging.closed_periods values {CLOSED_PERIODS}")
        with market.copy() as warehouse:
            for at, held in enumerate(slices):
                warehouse.insert(held)
                for whim in whims:
                    if whimsical[whim] == at:
                        whim(warehouse, rng, held)
                if at == last or rng.random() < 0.85:
                    build(warehouse)
            assert_equals_full_build(warehouse, market)


def dbt(warehouse: DatabaseWarehouse, *words: str, **variables: Any) -> Build:
    return warehouse.dbt(*words, *QUICKLY, variables=ANYTHING_GOES | variables)


def run(warehouse: DatabaseWarehouse, *words: str, **variables: Any) -> Build:
    """Run the models once."""
    return dbt(warehouse, "run", *words, **variables)


def build(warehouse: DatabaseWarehouse, *words: str, **variables: str) -> None:
    done = run(warehouse, *words, **variables)
    # Before the first fact of any kind there is nothing to build from.
    assert done.succeeded or "Every table of raw is empty" in done.message, done.message


def build_with_tests(warehouse: DatabaseWarehouse) -> None:
    """Build, and demand that every data test of dbt passes."""
    build(warehouse)
    tested = dbt(warehouse, "test")
    assert tested.succeeded, tested.message


OTHER_VARS: list[dict[str, Any]] = [
    {"churn_inactivity_days": 21},
    {"churn_clock_open_days": 1},
    {"on_time_minutes": 0, "first_session_success_rating": 5},
    {"metric_windows": {"7day": 5, "30day": 20, "90day": 40}},
    {"recommendation_min_sessions": 1, "effectiveness_min_tutors": 1},
    {"prediction_retention_years": 0},
]
CLOSED_PERIODS = (
    "(date '2024-02-20', date '2024-02-24', 'Carnival'),"
    " (date '2024-02-23', date '2024-03-02', 'Holidays')"
)
"""What every second market does not teach on."""
OTHER_SEEDS = ("performance_tier_thresholds", "closed_periods")


def other_project(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    """A build has other vars or seeds, or a closed period; then the project's own are back."""
    if rng.random() < 0.5:
        run(warehouse, **rng.choice(OTHER_VARS))
        return
    other = rng.choice(OTHER_SEEDS)
    first = date.fromisoformat(some_day(warehouse, rng))
    with tempfile.TemporaryDirectory() as folder:
        for words in (("seed", "--select", other), ("run",)):
            manifest = warehouse.manifest
            seed = manifest.nodes[f"seed.tutormax.{other}"]
            header, *rows = (REPOSITORY / seed.original_file_path).read_text().splitlines()
            rows = rows or [f"{first},{first + timedelta(days=9)},Holidays"]
            changed = Path(folder) / seed.original_file_path
            changed.parent.mkdir(parents=True, exist_ok=True)
            changed.write_text("\n".join([header, *rows[::2]]) + "\n")
            seed.root_path, seed.checksum.checksum = folder, "another"
            manifest.build_flat_graph()
            warehouse.project.spares.append(manifest)
            assert dbt(warehouse, *words).succeeded
    assert dbt(warehouse, "seed", "--select", other).succeeded


def same_slice_again(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    """All rows of the slice come once more, newly arrived."""
    build(warehouse)
    arrivals = [row[LOADED_AT] for rows in held.values() for row in rows]
    if arrivals:
        stamp = {LOADED_AT: max(arrivals) + timedelta(microseconds=1)}
        warehouse.insert({table: [row | stamp for row in rows] for table, rows in held.items()})


def idle_build(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    """A build over the same raw leaves every row as it is, audit columns and all."""
    build(warehouse)
    tables = {model.relation(): () for model in incremental(warehouse)}
    before = warehouse.texts(tables)
    build(warehouse)
    assert warehouse.texts(tables) == before


def earlier_date(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    build(warehouse, as_of_date=some_day(warehouse, rng))


def dated_backfill(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    build(warehouse)
    build(warehouse, restate_from=some_day(warehouse, rng))


def full_refresh(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    build(warehouse, "--full-refresh")


def some_models(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    """Only some models are built, as when a build breaks off or is told to.

    It may fail where a parent's table is behind its child's, or missing: that must do no harm.
    """
    names = [model.name for model in kept_models(warehouse.project.manifest)]
    for _ in range(2):
        first = rng.choice(names)
        some = rng.sample(names, rng.randint(1, len(names) - 1))
        run(warehouse, "--select", *rng.choice([some, [f"{first}+"], [f"+{first}"]]))


def rows_leave_raw(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    build(warehouse)
    for _ in range(rng.randint(1, 3)):
        table = rng.choice([*KEYS, "sessions", "student_feedback"])
        keys = warehouse.execute(f"select distinct {KEYS[table]} from raw.{table} order by 1")
        if keys:
            (key,) = rng.choice(keys)
            warehouse.execute(f"delete from raw.{table} where {KEYS[table]} = '{key}'")


def somebody_erased(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    """A tutor or a student is erased; dbt's data tests still pass."""
    build(warehouse)
    people = [
        (kind, identifier)
        for kind in ("student", "tutor")
        for (identifier,) in warehouse.execute(
            f"select {kind}_id from tutormax.{kind}s group by 1 order by 1"
        )
    ]
    if people:
        warehouse.command("erase", *rng.choice(people), "--yes")
        build_with_tests(warehouse)


def rows_archived(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    """Some rows go to the archive; dbt's data tests still pass."""
    day = date.fromisoformat(some_day(warehouse, rng))
    build(warehouse, as_of_date=str(day + timedelta(days=2 * 366)))
    try:
        warehouse.command("archive")
    except UserError as error:
        # There may be no activity yet.
        assert "No build has set the clock" in str(error), error
    build_with_tests(warehouse)


LEAVING: list[Whim] = [somebody_erased, rows_archived]
"""What takes rows out of raw for good."""

WHIMS: list[Whim] = [
    some_models,
    same_slice_again,
    earlier_date,
    rows_leave_raw,
    other_project,
    idle_build,
    dated_backfill,
    full_refresh,
]
"""What may happen between two builds; seeds take turns."""

PAIRS: list[tuple[Whim, Whim]] = [
    (full_refresh, rows_leave_raw),
    (earlier_date, same_slice_again),
    (some_models, dated_backfill),
    (idle_build, other_project),
]
"""All of them in half as many replays, for quick runs."""


def some_day(warehouse: DatabaseWarehouse, rng: random.Random) -> str:
    days = warehouse.execute(
        "select distinct cast(scheduled_start as date) from raw.sessions"
        " where scheduled_start > timestamp '2020-01-01' order by 1"
    )
    return str(rng.choice(days)[0]) if days else "2024-03-01"


def incremental(warehouse: DatabaseWarehouse) -> list[Model]:
    return [model for model in kept_models(warehouse.project.manifest) if model.is_incremental]


def assert_equals_full_build(warehouse: DatabaseWarehouse, seeded: DatabaseWarehouse) -> None:
    """Every table is what one full build of all of raw gives."""
    (last_built,) = warehouse.execute("select max(started_at) from tutormax.tutormax_runs")[0]
    with seeded.copy() as full:
        full.project = warehouse.project
        full.insert_tables_of(warehouse, [f"raw.{table}" for table in LOADED_TABLES])
        full.insert_tables_of(warehouse, [str(table) for table in (*RETAINED_TABLES, tombstones)])
        done = run(full)
        assert done.succeeded, done.message
        if datetime.now(UTC).date() != last_built.astimezone(UTC).date():
            pytest.skip("midnight has passed, and with rows dated in the future the clock goes on")
        tables = {model.relation(): model.audit for model in incremental(warehouse)}
        ours, whole = (one.texts(tables) for one in (warehouse, full))
    found = {
        table: difference
        for table in tables
        if (difference := differences(ours[table], whole[table]))
    }
    assert not found, json.dumps(found, indent=1)


def differences(ours: Counter[str], whole: Counter[str], limit: int = 4) -> dict[str, list[str]]:
    """Rows that one of the two holds and the other does not."""
    sides = {"only in slices": ours - whole, "only in full": whole - ours}
    return {side: list(rows)[:limit] for side, rows in sides.items() if rows}
