"""Generated worlds, and what a row looks like that breaks a rule."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tutormax.generate.settings import Market, Settings
from tutormax.generate.simulation import Simulation
from tutormax.generate.writing import write_files
from tutormax.schema import KEYS

END = dt.date(2026, 1, 31)
SMALL = Settings(end_date=END, days=20, tutors=40, sessions_per_day=200)
BUSY = Settings(end_date=END, days=60, tutors=150, sessions_per_day=1000)
MANY = Settings(end_date=END, days=12, tutors=200, sessions_per_day=400)
# Terms end on 21 December, exams on 25 January.
SCHOOL = Settings(END, days=120, tutors=80, sessions_per_day=100, market=Market.SCHOOL)
TABLES = tuple(KEYS)


@dataclass
class World:
    """One generated folder, its tables as DuckDB views, and what the files do not tell."""

    settings: Settings
    folder: Path
    rows: dict[str, int]
    simulation: Simulation
    db: duckdb.DuckDBPyConnection

    def value(self, sql: str):
        return self.db.execute(sql).fetchone()[0]


def make(folder: Path, settings: Settings, dirt: float = 0.0) -> World:
    rows, simulation = write_files(settings, folder, dirt)
    db = duckdb.connect()
    db.execute("set timezone = 'UTC'")
    for table in TABLES:
        db.execute(f"create view {table} as from '{folder / table}.parquet'")
    return World(settings, folder, rows, simulation, db)


def missing(*columns: str) -> dict[str, str]:
    return {f"{column}_missing": f"{column} is null" for column in columns}


def outside(column: str, least: float, most: float) -> dict[str, str]:
    # NaN sorts above every number in DuckDB, so it is out of range like infinity.
    return {f"{column}_out_of_range": f"not {column} between {least} and {most}"}


UNKNOWN_TUTOR = "tutor_id not in (select tutor_id from tutors where tutor_id is not null)"
UNKNOWN_STUDENT = "student_id not in (select student_id from students where student_id is not null)"
IN_ITS_SESSION = "exists (from sessions s where s.session_id = r.session_id and {})"
EMAIL_OF_ANOTHER = (
    "exists (from tutors o where o.tutor_id <> r.tutor_id and lower(o.email) = lower(r.email))"
)
RATINGS = ("subject_knowledge", "communication", "patience", "engagement", "helpfulness")

# The rules for accepting rows: what a row that breaks one looks like, in SQL.
BROKEN: dict[str, dict[str, str]] = {
    "tutors": {
        **missing("tutor_id", "name", "email", "onboarding_date", "status"),
        "tutor_id_too_long": "length(tutor_id) > 50",
        "name_too_long": "length(name) > 200",
        "email_too_long": "length(email) > 255",
        "education_level_too_long": "length(education_level) > 100",
        "location_too_long": "length(location) > 200",
        "status_unknown": "status not in ('active', 'inactive', 'churned')",
        "archetype_unknown": "behavioral_archetype not in "
        "('high_performer', 'at_risk', 'new_tutor', 'steady', 'churner')",
        "email_malformed": "not regexp_full_match(email, '[^@]+@[^@]+')",
        "email_taken": EMAIL_OF_ANOTHER,
        **outside("baseline_sessions_per_week", 0, 168),
    },
    "students": {**missing("student_id", "name"), **outside("age", 3, 120)},
    "sessions": {
        **missing("session_id", "tutor_id", "student_id", "session_number", "scheduled_start"),
        **missing("duration_minutes", "subject", "session_type", "no_show"),
        "tutor_unknown": UNKNOWN_TUTOR,
        "student_unknown": UNKNOWN_STUDENT,
        "session_number_out_of_range": "session_number < 1",
        "session_type_unknown": "session_type not in ('1-on-1', 'group')",
        **outside("duration_minutes", 0, 1440),
        "late_start_minutes_out_of_range": "late_start_minutes < 0",
        **outside("engagement_score", 0, 1),
        "no_show_with_actual_start": "no_show and actual_start is not null",
        "scheduled_before_2000": "scheduled_start < timestamptz '2000-01-01'",
    },
    "student_feedback": {
        **missing("feedback_id", "session_id", "student_id", "tutor_id"),
        **missing("overall_rating", "submitted_at"),
        "session_unknown": "session_id not in (select session_id from sessions "
        "where session_id is not null)",
        "tutor_of_another_session": IN_ITS_SESSION.format("s.tutor_id <> r.tutor_id"),
        "student_of_another_session": IN_ITS_SESSION.format("s.student_id <> r.student_id"),
        "second_feedback": "exists (from student_feedback o where o.session_id = r.session_id "
        "and o.feedback_id <> r.feedback_id and o._loaded_at < r._loaded_at)",
        **outside("overall_rating", 1, 5),
        **{k: v for what in RATINGS for k, v in outside(f"{what}_rating", 1, 5).items()},
        "before_its_session": IN_ITS_SESSION.format("s.scheduled_start > r.submitted_at"),
    },
    "tutor_events": {
        **missing("event_id", "tutor_id", "event_type", "event_timestamp"),
        "tutor_unknown": UNKNOWN_TUTOR,
        "metadata_no_object": "json_type(metadata) <> 'OBJECT'",
    },
    "interventions": {
        **missing("intervention_id", "tutor_id", "intervention_type", "recommended_date", "status"),
        "tutor_unknown": UNKNOWN_TUTOR,
        "type_unknown": "intervention_type not in ('automated_coaching', 'training_module', "
        "'first_session_checkin', 'rescheduling_alert', 'manager_coaching', 'peer_mentoring', "
        "'performance_improvement_plan', 'retention_interview', 'recognition')",
        "status_unknown": "status not in ('pending', 'in_progress', 'completed', 'cancelled')",
        "outcome_unknown": "outcome not in ('improved', 'no_change', 'declined', 'churned')",
        "completed_without_date": "status = 'completed' and completed_date is null",
        "due_before_recommended": "due_date < recommended_date",
        "completed_before_recommended": "completed_date < recommended_date",
    },
}
for _table, _key in KEYS.items():
    BROKEN[_table]["superseded"] = (
        f"exists (from {_table} o where o.{_key} = r.{_key} and o._loaded_at > r._loaded_at)"
    )
RULES = [(table, rule) for table, rules in BROKEN.items() for rule in rules]


def breaking(world: World, table: str, rule: str) -> int:
    return world.value(f"select count(*) from {table} r where {BROKEN[table][rule]}")


def digest(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }
