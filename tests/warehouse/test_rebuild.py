"""What a build does to tables that are there already."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from support.factories import WORLD_WITH_REFUSALS as WORLD
from support.factories import feedback, random_world, session, student, tutor, utc
from support.project import BUILD, DuckDbProject, before_model, kept_models
from support.tables import DEFAULT_ARRIVAL, KEYS, Row, Tables, World, merged
from support.warehouses import BuiltWorld, DatabaseWarehouse, DuckDbWarehouse, NewDuckDb

METRICS = "tutor_performance_metrics"
REJECTED = "rejected_records"
RUNS = [
    [
        ("--exclude", "int_activity__tutor_daily_totals"),
        ("--select", "int_activity__tutor_daily_totals"),
    ],
    [("--select", "staging"), ("--select", "core"), ("--select", "core")],
    [("--select", "stg_tutormax__sessions"), ("--select", "sessions")],
]
"""Runs of some models, one after the other."""


@pytest.fixture(scope="module")
def built(built_world: BuiltWorld) -> DatabaseWarehouse:
    return built_world("duckdb", WORLD)


@pytest.fixture(scope="module")
def before(built: DatabaseWarehouse) -> Tables:
    return built.published(audit=True)


@pytest.mark.deep
def test_a_build_after_one_of_staging_alone(
    built: DatabaseWarehouse, seeded: DuckDbWarehouse
) -> None:
    with seeded.copy() as warehouse:
        warehouse.insert(WORLD)
        warehouse.fill("--select", "staging")
        warehouse.fill()
        assert warehouse.published() == built.published()


@pytest.fixture(scope="module")
def moved() -> World:
    """The last session takes place two days earlier."""
    last = max(WORLD["sessions"], key=lambda row: row["scheduled_start"])
    earlier = {name: last[name] - timedelta(days=2) for name in ("scheduled_start", "actual_start")}
    news = {"updated_at": utc("2026-01-01 00:00"), "_loaded_at": utc("2026-01-01 00:00")}
    return {"sessions": [last | earlier | news]}


@pytest.fixture(scope="module")
def after_move(moved: World, seeded: DuckDbWarehouse) -> Tables:
    """What one build of everything publishes."""
    with seeded.copy() as warehouse:
        warehouse.insert(merged(WORLD, moved))
        warehouse.fill()
        return warehouse.published()


@pytest.mark.depth("runs", quick=RUNS[:1], deep=RUNS)
def test_a_change_reaches_what_is_built_later(
    runs: list[tuple[str, str]], built: DatabaseWarehouse, moved: World, after_move: Tables
) -> None:
    """A run of some models does not let the next ones forget what changed."""
    with built.copy() as warehouse:
        warehouse.insert(moved)
        for words in runs:
            assert warehouse.dbt("run", *words).succeeded
        warehouse.build()
        assert warehouse.published() == after_move


def test_a_pace_agreed_later_counts_from_the_day_after_it_arrived(
    seeded: DuckDbWarehouse,
) -> None:
    features = ("int_churn__features", "intermediate")
    first = {"_loaded_at": utc("2025-02-01 00:00")}
    later = {"updated_at": utc("2026-01-01 00:00"), "_loaded_at": utc("2025-03-20 23:59")}
    known = WORLD | {"tutors": [row | first for row in WORLD["tutors"]]}
    agreed = [row | later | {"baseline_sessions_per_week": 1.0} for row in WORLD["tutors"]]
    with seeded.copy() as warehouse, seeded.copy() as whole:
        warehouse.insert(known)
        warehouse.fill()
        before = {repr(row) for row in warehouse.rows(*features)}
        warehouse.insert({"tutors": agreed})
        warehouse.build()
        whole.insert(merged(known, {"tutors": agreed}))
        whole.fill()
        after = {repr(row): row["prediction_day"] for row in warehouse.rows(*features)}
        assert after.keys() == {repr(row) for row in whole.rows(*features)}
        assert warehouse.published() == whole.published()
    assert min(day for row, day in after.items() if row not in before) == date(2025, 3, 21)


def test_too_many_rows_gone_stop_a_source_table_that_is_built_alone(
    built: DatabaseWarehouse, before: Tables, new_warehouse: NewDuckDb
) -> None:
    warehouse = new_warehouse(built)
    warehouse.execute("delete from raw.sessions")
    assert warehouse.dbt("run", "--select", "staging").succeeded
    done = warehouse.dbt("run", "--select", "sessions", variables={"min_delete_rows": 1})
    assert "This build would remove" in done.message
    assert warehouse.published()["sessions"].keys() == before["sessions"].keys()


@pytest.mark.deep
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_a_run_that_reads_some_rows_leaves_what_stands(
    engine: str, built_world: BuiltWorld
) -> None:
    with built_world(engine, WORLD).copy() as warehouse:
        before = warehouse.published(audit=True)
        for words in (
            ("--empty", "--select", "config.materialized:incremental"),
            ("--empty",),
            ("--sample", "1 day"),
            ("--empty", "--full-refresh"),
        ):
            done = warehouse.dbt("run", *words)
            assert done.succeeded, done.message
            assert warehouse.published(audit=True) == before
            log = warehouse.rows("build_log", "staging")
            last = max(row["build_number"] for row in log)
            full = {row["is_full"] for row in log if row["build_number"] == last}
            assert full == {"--full-refresh" in words}
        warehouse.build()
        assert warehouse.published(audit=True) == before


def test_an_empty_build_makes_what_is_missing(
    built: DatabaseWarehouse, new_warehouse: NewDuckDb
) -> None:
    warehouse = new_warehouse()
    warehouse.insert(WORLD)
    warehouse.build("--empty")
    assert not any(warehouse.published().values())
    warehouse.build()
    assert warehouse.published() == built.published()


def test_a_build_with_nothing_new_leaves_all_alone(
    built: DatabaseWarehouse, new_warehouse: NewDuckDb
) -> None:
    warehouse = new_warehouse(built)
    idle = warehouse.dbt(*BUILD)
    assert idle.succeeded
    assert 0 < idle.statements <= 200
    incremental = {
        model.name for model in kept_models(warehouse.project.manifest) if model.is_incremental
    }
    # Rows that could not be read are not counted when a build begins.
    assert idle.unchanged == incremental - {REJECTED}


def test_a_correction_changes_its_own_rows_alone(
    built: DatabaseWarehouse, before: Tables, new_warehouse: NewDuckDb
) -> None:
    warehouse = new_warehouse(built)
    last = max(row["prediction_date"] for row in before["churn_predictions"].values())
    changed = max(
        (row for row in WORLD["student_feedback"] if row["submitted_at"] < last),
        key=lambda row: row["submitted_at"],
    )
    rating = changed["overall_rating"] % 5 + 1
    arrival = changed["_loaded_at"] + timedelta(days=1)
    correction = changed | {"overall_rating": rating, "_loaded_at": arrival}
    warehouse.insert({"student_feedback": [correction]})
    news = warehouse.build()
    assert {"stg_tutormax__sessions", "sessions", "interventions"} < news.unchanged
    assert not {"stg_tutormax__student_feedback", "student_feedback", METRICS} & news.unchanged
    after = warehouse.published(audit=True)

    expected = before["student_feedback"] | {
        changed["feedback_id"]: before["student_feedback"][changed["feedback_id"]]
        | {"overall_rating": rating}
    }
    assert after["student_feedback"] == expected
    assert after[METRICS].keys() == before[METRICS].keys()
    moved = {key for key, row in after[METRICS].items() if row != before[METRICS][key]}
    assert moved
    for key in moved:
        old, new = before[METRICS][key], after[METRICS][key]
        assert new["tutor_id"] == changed["tutor_id"]
        assert new["calculation_date"] > changed["submitted_at"]
        assert new["avg_rating"] != old["avg_rating"]
        assert new["created_at"] == old["created_at"]
        assert new["updated_at"] > old["updated_at"]
    computed = {
        *("churn_predictions", "churn_prediction_outcomes", "churn_feature_drift"),
        *("churn_model_status", "intervention_recommendations", "intervention_effectiveness"),
    }
    for table in before.keys() - {"student_feedback", METRICS, REJECTED, *computed}:
        assert after[table] == before[table]
    predictions, scored = before["churn_predictions"], after["churn_predictions"]
    assert scored.keys() == predictions.keys()
    # Ratings below those of training are all alike to the model, so there may be none.
    for key in {key for key, row in scored.items() if row != predictions[key]}:
        assert scored[key]["tutor_id"] == changed["tutor_id"]
        assert scored[key]["prediction_date"] > changed["submitted_at"]
        assert scored[key]["created_at"] == predictions[key]["created_at"]
        assert scored[key]["updated_at"] > predictions[key]["updated_at"]
    assert {key: after[REJECTED].get(key) for key in before[REJECTED]} == before[REJECTED]
    [refused] = (row for key, row in after[REJECTED].items() if key not in before[REJECTED])
    assert refused["reasons"] == ["superseded"]


def test_claims_that_lead_too_far_to_be_followed(seeded: DuckDbWarehouse) -> None:
    """Each feedback moves on to the next one's session: what the first then does matters to any.

    A build follows so many links, and then judges every row.
    """
    rated = [session(f"link-{n}", "tutor-1", "student-1", "2025-03-05 10:00") for n in range(31)]
    later, latest = ({"_loaded_at": DEFAULT_ARRIVAL + timedelta(days=days)} for days in range(1, 3))
    chain = [feedback(f"link-{n}", one) for n, one in enumerate(rated[:-1])]
    chain += [feedback(f"link-{n}", one, **later) for n, one in enumerate(rated[1:])]
    arrivals: World = {
        "student_feedback": [
            feedback("link-0", rated[0], **latest),
            feedback("none", rated[0], **latest) | {"feedback_id": None},
        ]
    }
    sliced, whole = seeded.copy(), seeded.copy()
    world = merged(random_world(5, days=5), {"sessions": rated, "student_feedback": chain})
    judged = ("--select", "staging", "core")
    sliced.insert(world)
    sliced.fill()  # of everything, or the next build would look at what this one has read
    sliced.insert(arrivals)
    sliced.fill(*judged)
    whole.insert(merged(world, arrivals))
    whole.fill(*judged)
    assert sliced.published(*KEYS, REJECTED) == whole.published(*KEYS, REJECTED)
    reasons = [row["reasons"] for row in sliced.rows(REJECTED)]
    assert ["superseded"] in reasons
    assert any("feedback_id_missing" in held for held in reasons)


def test_a_row_gone_from_raw_goes_from_its_table(
    built: DatabaseWarehouse, before: Tables, new_warehouse: NewDuckDb
) -> None:
    warehouse = new_warehouse(built)
    gone = {"sessions": "unrated", "tutor_events": "spare"}
    for table, key in gone.items():
        warehouse.execute(f"delete from raw.{table} where {KEYS[table]} = '{key}'")
    warehouse.execute("delete from raw.tutors where tutor_id = 'refused'")
    warehouse.build()
    after = warehouse.published(audit=True)
    for table in KEYS:
        left = {key: row for key, row in before[table].items() if key != gone.get(table)}
        assert after[table] == left
        assert (len(left) < len(before[table])) == (table in gone)
    assert [row["record_key"] for row in after[REJECTED].values()] == ["refused"]
    assert after[METRICS] != before[METRICS]


def test_a_full_refresh_changes_no_row_and_leaves_to_the_next_what_arrives_meanwhile(
    built: DatabaseWarehouse, before: Tables, new_warehouse: NewDuckDb, dbt_project: DuckDbProject
) -> None:
    """Tables that look at raw one after the other see it as it was when the build began.

    The build recomputes everything, as tables of which nothing can have changed are left alone.
    """
    warehouse = new_warehouse(built)
    tables = ("sessions", "student_feedback", "tutor_events", "interventions")
    manifest = dbt_project.manifest.deepcopy()
    for table in tables:
        key = KEYS[table]
        before_model(
            manifest,
            f"stg_tutormax__{table}",
            f"insert into raw.{table} select * replace ("
            f"'late' as {key}, timestamp with time zone '2025-06-02 00:00:00+00' as _loaded_at)"
            f" from raw.{table} where {key} = (select min({key}) from tutormax.{table})",
        )
    dbt_project.spares.append(manifest)
    warehouse.build("--full-refresh")
    after = warehouse.published(audit=True)
    assert not [table for table in tables if "late" in after[table]]
    assert len(before[REJECTED]) == 2
    assert after == before

    warehouse.fill("--select", "staging", "core")
    judged = {row["record_key"] for row in warehouse.rows(REJECTED)}
    for table in tables:
        found = {row[KEYS[table]] for row in warehouse.rows(table)}
        # A second rating of the same session is refused.
        assert "late" in (judged if table == "student_feedback" else found)


@pytest.mark.deep
def test_slices_in_any_order_give_what_one_build_gives(new_warehouse: NewDuckDb) -> None:
    rng = random.Random(7)
    deliveries: list[tuple[str, Row]] = []
    for table, rows in random_world(31, days=9).items():
        for row in rows:
            deliveries.append((table, row))
            roll = rng.random()
            if roll < 0.1:
                deliveries.append((table, dict(row)))
            elif roll < 0.2 and "updated_at" in row:
                newer = {"updated_at": row["updated_at"] + timedelta(days=1)}
                deliveries.append((table, row | newer))
            elif roll < 0.3 and table == "sessions":
                newer = {"updated_at": row["updated_at"] + timedelta(days=2)}
                deliveries.append((table, row | newer | {"duration_minutes": -5}))
    rng.shuffle(deliveries)
    arrived = [
        (table, row | {"_loaded_at": DEFAULT_ARRIVAL + timedelta(seconds=number)})
        for number, (table, row) in enumerate(deliveries)
    ]

    def world(slice_: list[tuple[str, Row]]) -> World:
        return merged(*({table: [row]} for table, row in slice_))

    # The facts of the first slices outrun their tutors.
    third = len(arrived) // 3
    in_slices = new_warehouse()
    late_tutors = [place for place in arrived if place[0] == "tutors"]
    others = [place for place in arrived if place[0] != "tutors"]
    for slice_ in (others[:third], [*others[third : 2 * third], *late_tutors], others[2 * third :]):
        in_slices.insert(world(slice_))
        in_slices.build(variables={"allow_mass_delete": True})
    at_once = new_warehouse()
    at_once.insert(world(arrived))
    at_once.build()
    published = at_once.published()
    assert len(published["rejected_records"]) > 20
    assert in_slices.published() == published


def test_a_tutor_who_comes_back_after_a_long_time(seeded: DuckDbWarehouse) -> None:
    """A build that looks back some months still knows that the tutor was there before."""
    arrival = utc("2026-01-01 00:00")
    world: World = {
        "tutors": [tutor("steady"), tutor("back", onboarding_date=utc("2025-12-01 09:00"))],
        "students": [student("student-1")],
        "sessions": [
            session("first", "back", "student-1", "2025-01-05 10:00"),
            session("steady", "steady", "student-1", "2025-12-01 10:00", _loaded_at=arrival),
        ],
    }
    late: World = {
        "sessions": [
            session(
                "late",
                "back",
                "student-1",
                "2025-12-02 10:00",
                _loaded_at=arrival + timedelta(days=1),
            )
        ]
    }
    sliced, whole = seeded.copy(), seeded.copy()
    sliced.insert(world)
    sliced.fill()
    sliced.insert(late)
    sliced.fill()
    whole.insert(merged(world, late))
    whole.fill()
    assert sliced.published() == whole.published()
    for table in ("int_activity__tutor_date_spine", "int_activity__tutor_rolling_windows"):
        found, expected = (
            sorted(map(repr, one.rows(table, "intermediate"))) for one in (sliced, whole)
        )
        assert found == expected, table
        assert any("'back'" in row for row in found), table
