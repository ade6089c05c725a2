"""What happens before each build that a mutant must get past."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from dbt.contracts.graph.manifest import Manifest

from support.factories import Row, feedback, session, student, tutor
from support.replay.worlds import Slice
from support.warehouses import DuckDbWarehouse as Warehouse
from tutormax.schema import DAY_MEASURES, KEYS, LOADED_AT, RETAINED_TABLES
from tutormax.warehouse import ensure_archive_duckdb


class Slices(Protocol):
    """Rows of raw that arrive slice by slice, and the project that is built from them."""

    slices: list[Slice]
    manifest: Manifest

    def last_arrival(self) -> datetime:
        """When the last row of the slices arrives."""


WHO_LEFT, WHO_RETURNS, WHO_COMES = "left", "returns", "to_come"
FIRST_DAY = datetime(2024, 2, 11, tzinfo=UTC)

PLANNED = {
    "sessions": "scheduled_start",
    "student_feedback": "submitted_at",
    "tutor_events": "event_timestamp",
    "interventions": "recommended_date",
}
"""The tables of raw that a build sees as its plan saw them, and what dates their rows."""

ARRIVE_MEANWHILE = {
    f"stg_tutormax__{table}": f"insert into raw.{table} from meanwhile.{table};"
    f" delete from meanwhile.{table}"
    for table in PLANNED
}
"""What runs before a model: rows come that the plan of the build has not seen."""


def full(project: Slices, warehouse: Warehouse) -> None:
    """Everything from nothing, on all slices but the last, and on sums of what left raw before."""
    for held in project.slices[:-1]:
        warehouse.insert(held)
    warehouse.insert(who_left(project))
    warehouse.insert(who_returns(project))
    warehouse.insert({"sessions": [before_its_tutor(project)]})
    describe_elsewhere(project, warehouse)
    retain(warehouse)
    warehouse.execute("create schema meanwhile")
    for table in PLANNED:
        warehouse.execute(f"create table meanwhile.{table} as from raw.{table} limit 0")


def who_left(project: Slices) -> Slice:
    """A tutor of the first weeks alone, whose last day is seen long after."""
    stamp = {LOADED_AT: project.slices[0]["sessions"][0][LOADED_AT]}
    onboarding = {"onboarding_date": FIRST_DAY, "created_at": FIRST_DAY, "updated_at": FIRST_DAY}
    days = [FIRST_DAY + timedelta(days=days) for days in (1, 10)]
    return {
        "tutors": [tutor(WHO_LEFT, **onboarding) | stamp],
        "students": [student(WHO_LEFT) | stamp],
        "sessions": [
            session(f"{WHO_LEFT}{day:%m%d}", WHO_LEFT, WHO_LEFT, f"{day:%Y-%m-%d} 12:00") | stamp
            for day in days
        ],
    }


def who_returns(project: Slices) -> Slice:
    """A tutor with a day long before all others, and one that the next is no pause from.

    Students did not come, so that the clock does not begin there.
    """
    stamp = {LOADED_AT: project.slices[0]["sessions"][0][LOADED_AT]}
    days = [FIRST_DAY - timedelta(days=days) for days in (250, 10)]
    onboarding = dict.fromkeys(("onboarding_date", "created_at", "updated_at"), days[0])
    missed = {"no_show": True, "actual_start": None, "late_start_minutes": None}
    return {
        "tutors": [tutor(WHO_RETURNS, **onboarding) | stamp],
        "sessions": [
            session(
                *(f"{WHO_RETURNS}{day:%m%d}", WHO_RETURNS, WHO_LEFT, f"{day:%Y-%m-%d} 12:00"),
                **missed,
            )
            | stamp
            for day in days
        ],
    }


def before_its_tutor(project: Slices) -> Row:
    """A session of a tutor who is not there yet."""
    stamp = {LOADED_AT: project.slices[0]["sessions"][0][LOADED_AT]}
    return session(WHO_COMES, WHO_COMES, WHO_LEFT, f"{last_day(project)} 12:00") | stamp


def last_day(project: Slices) -> date:
    """The last day that a session of the slices begins on."""
    sent = [row for held in project.slices for row in held.get("sessions", [])]
    return max(row["scheduled_start"] for row in sent).date()


def describe_elsewhere(project: Slices, warehouse: Warehouse) -> None:
    """Tables beside a published one, of its name or in its schema, say what that is to say."""
    model = project.manifest.nodes["model.tutormax.tutors"]
    beside = f"{model.schema}.zz"
    warehouse.execute(
        f"create schema zz; create table zz.tutors (tutor_id varchar);"
        f"create schema if not exists {model.schema}; create table {beside} (zz varchar)"
    )
    for what, text in (
        ("table zz.tutors", model.description),
        ("column zz.tutors.tutor_id", model.columns["tutor_id"].description),
        (f"table {beside}", model.description),
    ):
        literal = text.replace("'", "''")
        warehouse.execute(f"comment on {what} is '{literal}'")


def retain(warehouse: Warehouse) -> None:
    """The archive holds sums of early days, and a session that has come to raw again."""
    with warehouse.connection() as connection:
        ensure_archive_duckdb(connection)
    warehouse.execute(
        f"""
        create temporary table early as
        select tutor_id, cast(scheduled_start as date) as day, session_id
        from raw.sessions
        where tutor_id is not null
        order by scheduled_start, session_id
        limit 20;
        insert into archive.retained_tutor_days (tutor_id, activity_day, {", ".join(DAY_MEASURES)})
        select distinct tutor_id, day, {", ".join("1" for _ in DAY_MEASURES)} from early;
        insert into archive.retained_pending_ratings
        select distinct tutor_id, day, day + 3, 1, 5, 1, 1 from early;
        insert into archive.retained_clock
        select min(day) - 1, min(day) from early;
        insert into archive.retained_sessions
        select session_id from early limit 1
        """
    )


def arrivals(project: Slices, warehouse: Warehouse) -> None:
    """The last slice arrives and, while the build runs, the latest rows as new ones."""
    warehouse.insert(project.slices[-1])
    stamp = project.last_arrival() + timedelta(minutes=30)
    for table, instant in PLANNED.items():
        warehouse.execute(
            f"insert into meanwhile.{table} select * replace ('meanwhile' as {KEYS[table]},"
            f" timestamp with time zone '{stamp}' as {LOADED_AT}) from raw.{table}"
            f" where {KEYS[table]} in (select {KEYS[table]} from tutormax.{table})"
            f" order by {instant} desc limit 1"
        )


def latest(project: Slices, warehouse: Warehouse) -> None:
    """What arrives changes the last days alone; some has no key, and a tutor comes after a session.

    Another has a new name, which changes no day.
    The first day is so long after a churn day that this is the last to be restated.
    """
    last = last_day(project)
    ((restated,),) = warehouse.execute(
        "select max(churn_day) + 14 from intermediate.int_churn__churn_events"
        f" where churn_day + 14 < date '{last}'"
    )
    days = range((last - restated).days + 1)
    tutors = warehouse.execute(
        f"select tutor_id from tutormax.tutors where tutor_id <> '{WHO_LEFT}' order by tutor_id"
    )
    students = warehouse.execute("select student_id from tutormax.students order by student_id")
    stamp = {LOADED_AT: project.last_arrival() + timedelta(hours=1)}
    held: Slice = {"sessions": [], "student_feedback": []}
    for number, (tutor_id,) in enumerate(tutors):
        day = restated + timedelta(days=days[number % len(days)])
        start = f"{day} 12:00"
        one = session(f"latest{number}", tutor_id, students[0][0], start)
        held["sessions"].append(one | stamp)
        submitted_at = one["scheduled_start"] + timedelta(days=2)
        rating = feedback(f"latest{number}", one, submitted_at=submitted_at, overall_rating=1)
        held["student_feedback"].append(rating | stamp)
    held["sessions"].append(one | stamp | {"session_id": None})
    began = datetime(last.year, last.month, last.day, tzinfo=UTC)
    held["tutors"] = [
        tutor(WHO_COMES, onboarding_date=began, created_at=began, updated_at=updated_at) | stamp
        for updated_at in (began, began + timedelta(days=1))
    ]
    known = who_returns(project)["tutors"][0]
    held["tutors"].append(known | stamp | {"name": "Renamed", "updated_at": began})
    warehouse.insert(held)


def idle(project: Slices, warehouse: Warehouse) -> None:
    """Nothing happens."""


def leaves(project: Slices, warehouse: Warehouse) -> None:
    """Rows leave raw."""
    for table, key in (
        ("tutors", "tutor_id"),
        ("sessions", "session_id"),
        ("student_feedback", "feedback_id"),
    ):
        warehouse.execute(
            f"delete from raw.{table} where {key} in"
            f" (select {key} from tutormax.{table} order by {key} limit 1)"
        )


def again(project: Slices, warehouse: Warehouse) -> None:
    """Much of the first slices comes once more, one without a key, and a tutor began later.

    Events arrive before the last sessions did.
    """
    last = project.last_arrival()
    held: Slice = {}
    for sent in project.slices[:-1]:
        for table, rows in sent.items():
            later = timedelta(minutes=45) if table == "tutor_events" else timedelta(days=1)
            stamp = {LOADED_AT: last + later}
            held.setdefault(table, []).extend(row | stamp for row in rows[::5])
    held["sessions"].append(held["sessions"][0] | {"session_id": None})
    moved = {"onboarding_date": FIRST_DAY, "updated_at": last + timedelta(days=7)}
    known = who_returns(project)["tutors"][0]
    held["tutors"].append(known | moved | {LOADED_AT: last + timedelta(days=1)})
    warehouse.insert(held)


def lost(project: Slices, warehouse: Warehouse) -> None:
    """A table is lost."""
    warehouse.execute("drop table intermediate.int_churn__churn_events")


def changed_back(project: Slices, warehouse: Warehouse) -> None:
    """The last build was of another project, those before it of this one."""
    warehouse.execute(
        "insert into staging.build_log"
        " select build_number + 1, 'another', source_table, 'another', false, since_build,"
        " loaded_through, raw_rows, null from staging.build_log"
        " where build_number = (select max(build_number) from staging.build_log)"
    )


def emptied(project: Slices, warehouse: Warehouse) -> None:
    """A source is empty."""
    warehouse.execute("delete from raw.interventions")


def late(project: Slices, warehouse: Warehouse) -> None:
    """The clock is put on, so far that the first predictions are not kept any more."""


def alone(project: Slices, warehouse: Warehouse) -> None:
    """Predictions are built, and the clock is not asked for."""


def partly(project: Slices, warehouse: Warehouse) -> None:
    """The clock is put back for what reads predictions, before it is for these."""


def early(project: Slices, warehouse: Warehouse) -> None:
    """The clock is put back, so that they are."""


def restated(project: Slices, warehouse: Warehouse) -> None:
    """A user asks for what begins with a month."""


def goes(project: Slices, warehouse: Warehouse) -> None:
    """A tutor loses all sessions; all but the predictions know."""
    warehouse.execute(
        "delete from raw.sessions where tutor_id = (select tutor_id from tutormax.churn_predictions"
        " group by tutor_id order by count(*) desc, tutor_id limit 1)"
    )


def vanishes(project: Slices, warehouse: Warehouse) -> None:
    """Nobody has done anything, and there is no clock; all but the predictions know."""
    for table in ("sessions", "student_feedback", "tutor_events"):
        warehouse.execute(f"delete from raw.{table}")
    for table in RETAINED_TABLES:
        warehouse.execute(f"delete from archive.{table.name}")


def refused(project: Slices, warehouse: Warehouse) -> None:
    """More predictions would go than may."""


def allowed(project: Slices, warehouse: Warehouse) -> None:
    """They may."""


Step = Callable[[Slices, Warehouse], None]
STEPS: list[Step] = [
    *(full, arrivals, latest, idle, leaves, again, lost, changed_back, emptied, late, alone),
    *(partly, early, restated, goes, refused, allowed, vanishes, refused),
]
FUSED = {"allow_mass_delete": False, "min_delete_rows": 3}
VARIABLES: dict[Step, dict[str, Any]] = {
    late: {"as_of_date": f"{FIRST_DAY + timedelta(days=430):%Y-%m-%d}"},
    restated: {"restate_from": "2024-05-01"},
    refused: FUSED | {"max_delete_share": 0},
    allowed: FUSED | {"max_delete_share": 0.5},
}
SELECTED = {
    alone: ("--select", "churn_predictions"),
    **dict.fromkeys((goes, vanishes), ("--exclude", "churn_predictions+")),
    refused: ("--select", "churn_predictions"),
    partly: (
        *("--select", "int_activity__calculation_dates"),
        *("churn_feature_drift", "churn_prediction_outcomes"),
    ),
}
QUIET = (idle, lost, changed_back, alone, restated, refused)
"""After these every table is as it was."""

OF_MODELS = 3
"""So many of the steps are for all mutants, the rest for those of what keeps tables up to date."""
