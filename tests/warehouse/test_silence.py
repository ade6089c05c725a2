"""What silence means: it is observed while sessions arrive, and counted in open days."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date

import pytest
from jinja2 import Environment, FileSystemLoader

from support.factories import event, session, student, tutor, utc
from support.project import REPOSITORY, environment
from support.references.churn import (
    DAY,
    HORIZONS,
    churned_within,
    day_of,
    session_days,
    sessions_known_before,
    working,
)
from support.tables import World, later, merged
from support.warehouses import DuckDbWarehouse
from tutormax.closed_periods import undeclared_periods
from tutormax.reports import pages
from tutormax.reports.reading import Tables
from tutormax.reports.words import FILTERS
from tutormax.summary import describe
from tutormax.train.reading import read_session_days
from tutormax.warehouse import Target

CHURN_TYPES = "('retention_interview', 'manager_coaching', 'peer_mentoring')"


def declare(warehouse: DuckDbWarehouse, *periods: tuple[date, date]) -> None:
    """Put closed periods into the seed."""
    for first, last in periods:
        warehouse.execute(
            f"insert into staging.closed_periods values ('{first}', '{last}', 'Holidays')"
        )


def days_of(*periods: tuple[date, date]) -> set[date]:
    return {first + n * DAY for first, last in periods for n in range((last - first).days + 1)}


def market(
    first: date, days: int, tutors: int, without: set[date]
) -> tuple[World, dict[str, date]]:
    """Tutors who teach on three to five days a week until they leave, and log in daily.

    There are no sessions on the days `without`, and at Christmas no logins. Gives who left, and
    when, as well.
    """
    rng = random.Random(7)
    world: World = {"tutors": [], "students": [student("s")], "sessions": [], "tutor_events": []}
    left: dict[str, date] = {}
    for number in range(tutors):
        name = f"t{number}"
        world["tutors"].append(tutor(name, onboarding_date=utc(f"{first - DAY}")))
        weekdays = rng.sample(range(6), rng.choice([3, 4, 5]))
        for at in range(days):
            day = first + at * DAY
            if at > 30 and rng.random() < 0.003:
                left[name] = day
                break
            if day.weekday() in weekdays and day not in without:
                world["sessions"].append(session(f"{name}-{at}", name, "s", f"{day} 15:00"))
            if day not in days_of(CHRISTMAS):
                world["tutor_events"].append(event(f"{name}-{at}", name, f"{day} 08:00"))
    return world, left


CHRISTMAS = (date(2024, 12, 21), date(2025, 1, 3))
FILE_ENDS = date(2025, 1, 26)
MISSING = (FILE_ENDS, FILE_ENDS + 10 * DAY)
UNDECLARED = (date(2024, 11, 19), date(2024, 11, 21))


@pytest.fixture(scope="module")
def after_christmas(seeded: DuckDbWarehouse) -> tuple[DuckDbWarehouse, dict[str, date]]:
    """120 tutors, a declared Christmas, and at the end 11 days of which only events arrive.

    Nobody teaches on three days in November either.
    """
    without = days_of(CHRISTMAS, UNDECLARED, MISSING)
    world, left = market(date(2024, 10, 7), 122, 120, without)
    warehouse = seeded.copy()
    warehouse.insert(world)
    declare(warehouse, CHRISTMAS)
    warehouse.fill()
    return warehouse, left


def test_a_declared_christmas_is_no_reason_to_worry(
    after_christmas: tuple[DuckDbWarehouse, dict[str, date]],
) -> None:
    warehouse, left = after_christmas
    critical = warehouse.execute(
        "select tutor_id, cast(prediction_date as date) from tutormax.churn_predictions"
        " where risk_level = 'Critical'"
        " and prediction_date between timestamptz '2024-12-21' and timestamptz '2025-01-20'"
    )
    assert [(name, day) for name, day in critical if day < left.get(name, date.max)] == []
    # In holidays too, everybody who was active stays so.
    counts: dict[date, int] = dict(
        warehouse.execute(
            "select cast(prediction_date as date), count(*) from tutormax.churn_predictions"
            " group by 1"
        )
    )
    assert counts[date(2025, 1, 4)] >= 0.9 * counts[date(2024, 12, 21)] > 80
    ((churned, known),) = warehouse.execute(
        "select count(*), max(known_on) from intermediate.int_churn__churn_events"
    )
    # Who left before silence could be known.
    leavers = sum(day <= known - 14 * DAY for day in left.values())
    assert leavers > 15
    assert leavers / 1.5 <= churned <= leavers * 1.5


def test_a_missing_file_says_nothing_about_tutors(
    after_christmas: tuple[DuckDbWarehouse, dict[str, date]],
) -> None:
    warehouse, _ = after_christmas
    (dates,) = warehouse.rows("int_activity__calculation_dates", "intermediate")
    as_of, last = FILE_ENDS + 11 * DAY, FILE_ENDS - DAY
    assert dates["as_of_date"] == as_of
    assert dates["sessions_known_before"] == FILE_ENDS
    assert dates["predictions_stop_on"] == last + 4 * DAY
    queries = {
        "select cast(max(prediction_date) as date) from tutormax.churn_predictions": last + 3 * DAY,
        "select cast(max(calculation_date) as date) from tutormax.tutor_performance_metrics": as_of,
        f"select count(*) from intermediate.int_churn__churn_events"
        f" where known_on > date '{FILE_ENDS}'": 0,
        "select count(*) from tutormax.intervention_recommendations"
        f" where intervention_type in {CHURN_TYPES}": 0,
    }
    for query, expected in queries.items():
        assert warehouse.execute(query) == [(expected,)], query
    ((told,),) = warehouse.execute("select distinct summary from tutormax.tutormax_runs")
    assert (
        f"made no churn predictions from {last + 4 * DAY} on, because no tutor has completed a "
        f"session since {last}" in told
    )
    (warning,) = [
        line
        for line in describe(warehouse.execute, "tutormax")
        if line.startswith("Warning:  no churn")
    ]
    assert f"after {last + 3 * DAY}, as no tutor has completed a session since {last}" in warning


def test_days_without_sessions_are_pointed_at(
    after_christmas: tuple[DuckDbWarehouse, dict[str, date]],
) -> None:
    """`tutormax train` and the overview read the same days."""
    warehouse, _ = after_christmas
    with environment(warehouse.environment):
        completed = read_session_days(Target.DUCKDB)
    assert dict(warehouse.execute(page_query("session_days"))) == completed
    assert undeclared_periods(completed, days_of(CHRISTMAS)) == [UNDECLARED]


def page_query(name: str, as_of: date = FILE_ENDS + 11 * DAY) -> str:
    """A query of the pages as of a date, by default the last calculation date."""
    sql = (REPOSITORY / "reports" / "queries" / f"{name}.sql").read_text()
    closed = ", ".join(f"(date '{day}')" for day in days_of(CHRISTMAS))
    return (
        Environment()
        .from_string(sql)
        .render(
            published="tutormax",
            as_of=f"date '{as_of}'",
            inactivity_days=14,
            recent_days=3,
            closed_days=closed,
        )
    )


def test_the_calibration_counts_what_the_outcomes_count(
    after_christmas: tuple[DuckDbWarehouse, dict[str, date]],
) -> None:
    """The pages read published tables alone, so their query has the rules once more."""
    warehouse, _ = after_christmas
    counted = "select horizon_days, sum(predictions), sum(churned) from {} group by 1 order by 1"
    shown = warehouse.execute(counted.format(f"({page_query('calibration')}) as shown"))
    outcomes: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for row in warehouse.rows("churn_prediction_outcomes"):
        if row.get("population", "all") == "all":
            outcomes[row["horizon_days"]][0] += row["predictions"]
            outcomes[row["horizon_days"]][1] += row["churned"]
    assert shown == [(horizon, *outcomes[horizon]) for horizon in HORIZONS]


def test_the_pages_count_silence_as_predictions_do(
    after_christmas: tuple[DuckDbWarehouse, dict[str, date]],
) -> None:
    warehouse, _ = after_christmas
    day = CHRISTMAS[1] + 5 * DAY
    shown = warehouse.execute(
        "select tutor_id, days_since_last_session from"
        f" ({page_query('tutors', day)}) as shown where risk_level is not null order by 1"
    )
    assert max(days for _, days in shown if days) < 14 < len(shown)
    assert shown == warehouse.execute(
        "select tutor_id, silent_days from tutormax.churn_predictions"
        f" where prediction_date = timestamptz '{day}' order by 1"
    )


def test_the_queue_has_who_can_be_kept_who_is_silent_and_who_has_left(
    after_christmas: tuple[DuckDbWarehouse, dict[str, date]],
) -> None:
    warehouse, _ = after_christmas
    day = FILE_ENDS - DAY
    shown = warehouse.execute(
        "select tutor_id, queue_part, days_since_last_session"
        f" from ({page_query('tutors', day)}) as shown order by 1"
    )
    predicted = dict(
        warehouse.execute(
            "select tutor_id, silent_days from tutormax.churn_predictions"
            f" where prediction_date = timestamptz '{day}'"
        )
    )
    # A silence that has lasted long enough by now was churn on the day after its first session.
    last_days = warehouse.execute(
        "select tutor_id, max(scheduled_start)::date from tutormax.sessions"
        f" where scheduled_start < timestamptz '{day}' and not no_show group by 1"
    )
    last = max(day for _, day in last_days)
    closed = days_of(CHRISTMAS)
    left = {
        name: last_day + DAY
        for name, last_day in last_days
        if sum(last_day + n * DAY not in closed for n in range(1, (last - last_day).days + 1)) >= 14
    }
    expected = {
        name: ("kept" if (predicted[name] or 0) <= 3 else "silent")
        if name in predicted
        else "left"
        if left.get(name, date.min) >= day - 30 * DAY
        else None
        for name, _, _ in shown
    }
    assert {name: part for name, part, _ in shown} == expected
    assert {*expected.values()} == {"kept", "silent", "left", None}


def test_the_queue_says_since_when_it_is_empty(
    after_christmas: tuple[DuckDbWarehouse, dict[str, date]],
) -> None:
    warehouse, _ = after_christmas
    columns, rows = warehouse.query(page_query("silence"))
    tables = Tables(FILE_ENDS, {"silence": [dict(zip(columns, *rows, strict=True))]}, {})
    folder = FileSystemLoader(REPOSITORY / "reports" / "pages")
    # As of the site, because compiled templates are kept.
    templates = Environment(loader=folder, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    templates.filters |= FILTERS | {"json": str}
    shared = {"as_of": FILE_ENDS, "label": "", "levels": (), "data": {}, "up": ""}
    page = templates.get_template("queue.html").render(shared | pages.queue(tables, []))
    assert (
        "Nobody is in the queue: there are no predictions after 2025-01-28, because no tutor "
        "has completed a session since 2025-01-25." in page
    )


def irregular(seed: int, first: date, days: int, closed: set[date], gap: set[date]) -> World:
    """Six tutors who are often silent, hardly teach on closed days, and not at all in the gap."""
    rng = random.Random(seed)
    world: World = {"tutors": [], "students": [student("s")], "sessions": [], "tutor_events": []}
    for number in range(6):
        name = f"t{number}"
        world["tutors"].append(tutor(name, onboarding_date=utc(f"{first + number * 9 * DAY}")))
        at = rng.randrange(4)
        while at < days:
            day = first + at * DAY
            if day not in gap and (day not in closed or rng.random() < 0.1):
                missed = rng.random() < 0.1
                unheld = {"no_show": True, "actual_start": None, "late_start_minutes": None}
                world["sessions"].append(
                    session(f"{name}-{at}", name, "s", f"{day} 12:00", **(unheld if missed else {}))
                )
            at += rng.choice([1, 1, 2, 3, 5, 13, 14, 15, 16, 20] if number else [1, 2, 3])
    for at in range(days):
        world["tutor_events"].append(event(f"e{at}", "t0", f"{first + at * DAY} 08:00"))
    return world


def between(world: World, first: date, end: date) -> World:
    return {
        "sessions": [
            row for row in world["sessions"] if first <= day_of(row["scheduled_start"]) < end
        ],
        "tutor_events": [
            row for row in world["tutor_events"] if first <= day_of(row["event_timestamp"]) < end
        ],
    }


@pytest.mark.deep
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_gaps_and_closed_periods_against_plain_python(seed: int, seeded: DuckDbWarehouse) -> None:
    """Sessions stop while events go on; one of a later day arrives, then the rest.

    Meanwhile another version of the model is activated: it scores what had no predictions before.
    """
    first = date(2025, 1, 1)
    periods = [(date(2025, 2, 10), date(2025, 2, 25)), (date(2025, 2, 20), date(2025, 3, 2))]
    periods.append((date(2025, 3, 30), date(2025, 4, 1)))
    closed = days_of(*periods)
    gap = {date(2025, 4, 20) + n * DAY for n in range(6)}
    world = irregular(seed, first, 150, closed, gap)
    stop, goes_on = date(2025, 3, 10), date(2025, 4, 10)
    before = between(world, first, stop)
    events = {"tutor_events": between(world, stop, goes_on)["tutor_events"], "sessions": []}
    missing = [row for row in between(world, stop, goes_on)["sessions"] if not row["no_show"]]
    stray = max(missing, key=lambda row: row["scheduled_start"])
    rest = [row for row in between(world, stop, date.max)["sessions"] if row != stray]
    held = merged({name: world[name] for name in ("tutors", "students")}, before, events)
    news: list[World] = [
        {"sessions": [stray]},
        merged(
            {"sessions": rest}, {"tutor_events": between(world, goes_on, date.max)["tutor_events"]}
        ),
    ]
    warehouse = seeded.copy()
    declare(warehouse, *periods)
    warehouse.insert(held)
    warehouse.fill()
    assert compare(warehouse, held, closed) > 0
    versions = versions_of(warehouse)
    add_version(warehouse)
    for number, sent in enumerate(news, start=1):
        arrived = later(sent, number)
        held = merged(held, arrived)
        warehouse.insert(arrived)
        warehouse.fill(variables={"churn_model_version": OTHER})
        churned = compare(warehouse, held, closed)
    assert churned > 20
    assert max(versions) < stop + 4 * DAY
    for day, version in versions_of(warehouse).items():
        assert version == versions.get(day, OTHER)


OTHER = "another"


def add_version(warehouse: DuckDbWarehouse) -> None:
    for seed in ("churn_model_coefficients", "churn_risk_bands"):
        warehouse.execute(
            f"insert into staging.{seed} select '{OTHER}', * exclude (model_version)"
            f" from staging.{seed}"
            f" where model_version = (select max(model_version) from staging.{seed})"
        )


def versions_of(warehouse: DuckDbWarehouse) -> dict[date, str]:
    """The model version of each date with predictions."""
    return dict(
        warehouse.execute(
            "select cast(prediction_date as date), any_value(model_version)"
            " from tutormax.churn_predictions group by 1 having count(distinct model_version) = 1"
        )
    )


def compare(warehouse: DuckDbWarehouse, world: World, closed: set[date]) -> int:
    """Compare who is predicted, and what is known of whom; gives how many churned."""
    (dates,) = warehouse.rows("int_activity__calculation_dates", "intermediate")
    last = dates["as_of_date"]
    known = sessions_known_before(world, last)
    assert dates["sessions_known_before"] == known
    predicted = {
        (row["tutor_id"], day_of(row["prediction_date"]))
        for row in warehouse.rows("churn_predictions")
    }
    assert predicted == working(world, dates["first_calculation_date"], last, closed)
    held = session_days(world)
    expected: dict[tuple[int, date], list[bool]] = defaultdict(list)
    for name, day in predicted:
        for horizon in HORIZONS:
            churned = churned_within(held[name], day, horizon, last, known=known, closed=closed)
            if churned is not None:
                expected[horizon, day.replace(day=1)].append(churned)
    found: dict[tuple[int, date], list[int]] = defaultdict(lambda: [0, 0])
    for row in warehouse.rows("churn_prediction_outcomes"):
        if row.get("population", "all") == "all":
            found[row["horizon_days"], row["prediction_month"]][0] += row["predictions"]
            found[row["horizon_days"], row["prediction_month"]][1] += row["churned"]
    assert found == {key: [len(rows), sum(rows)] for key, rows in expected.items()}
    return sum(churned for _, churned in found.values())
