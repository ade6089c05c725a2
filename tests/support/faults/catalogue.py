"""Faults that come with a load, or happen to the warehouse, and the check that each must set off.

Rows that break a rule are those of `rule_cases`: one load brings one for each rule. Everything else
comes alone.
"""

from __future__ import annotations

from support.faults.bench import Fault, load_cut_parquet, load_file, run_sql

FEEDBACK_WITHOUT_SESSION = "rejected student_feedback session_not_accepted"

FILES = [
    Fault(
        "a file in Latin-1",
        ("load: students.csv is not UTF-8 text",),
        before=load_file("students.csv", "student_id,name\ns1,José\n".encode("latin-1")),
    ),
    Fault(
        "half a Parquet file",
        ("load: sessions.parquet is not a whole Parquet file",),
        before=load_cut_parquet,
    ),
    Fault(
        "an empty file",
        ("load: sessions.parquet is empty",),
        before=load_file("sessions.parquet", b""),
    ),
    Fault(
        "a file without a required column",
        ("load: tutors.csv lacks the required columns name, email, onboarding_date, status",),
        before=load_file("tutors.csv", b"tutor_id\nt1\n"),
    ),
    Fault(
        "a required column renamed in the file",
        ("load: students.csv lacks the required column name",),
        before=load_file("students.csv", b"student_id,Name\ns1,Ann\n"),
    ),
    Fault(
        "a value that is no number in the file",
        ("rejected students unreadable",),
        before=load_file("students.csv", b"student_id,name,age\ns1,Ann,fourteen\n"),
    ),
    Fault(
        "a date that is none in the file",
        ("rejected tutor_events unreadable",),
        before=load_file(
            "tutor_events.jsonl",
            b'{"event_id": "e1", "tutor_id": "tutor-1", "event_type": "login", '
            b'"event_timestamp": "2025-02-30"}\n',
        ),
    ),
]

DRIFTS = [
    Fault(
        "a dropped column",
        ("build: source drift raw.sessions.subject",),
        (
            "alter table raw.sessions drop column subject",
            "alter table incoming.sessions drop column subject",
        ),
        quick=True,
    ),
    Fault(
        "a renamed column",
        ("build: source drift raw.student_feedback.overall_rating",),
        (
            "alter table raw.student_feedback rename column overall_rating to rating",
            "alter table incoming.student_feedback rename column overall_rating to rating",
        ),
    ),
    Fault(
        "a changed type",
        ("build: source drift raw.sessions.duration_minutes",),
        ("alter table raw.sessions alter column duration_minutes type varchar",),
    ),
    Fault(
        "instants without a zone",
        ("build: source drift raw.tutor_events.event_timestamp",),
        ("alter table raw.tutor_events alter column event_timestamp type timestamp",),
    ),
    Fault(
        "arrays as text",
        ("build: source drift raw.tutors.subjects",),
        (
            "alter table raw.tutors alter column subjects type varchar using 'Algebra'",
            "alter table incoming.tutors alter column subjects type varchar using 'Algebra'",
        ),
    ),
    Fault(
        "the arrival under another name",
        ("build: The table raw.students has no column",),
        (
            "alter table raw.students rename column _loaded_at to loaded_on",
            "alter table incoming.students rename column _loaded_at to loaded_on",
        ),
    ),
    Fault(
        "a dropped table",
        ("build: The table raw.interventions is missing",),
        ("drop table raw.interventions", "drop table incoming.interventions"),
    ),
]

LOSSES = [
    Fault(
        "a raw table emptied",
        ("build: fuse sessions",),
        before=run_sql("delete from raw.sessions"),
        load=("delete from incoming.sessions",),
        quick=True,
    ),
    Fault(
        "half of a raw table lost",
        ("build: fuse student_feedback",),
        before=run_sql("delete from raw.student_feedback where hash(feedback_id) % 2 = 0"),
    ),
    Fault(
        "all of raw emptied",
        ("build: Every table of raw is empty",),
        load=tuple(
            f"delete from {schema}.{table}"
            for schema in ("raw", "incoming")
            for table in (
                "tutors",
                "students",
                "sessions",
                "student_feedback",
                "tutor_events",
                "interventions",
            )
        ),
    ),
]

EVENTS, RATINGS = "incoming.tutor_events", "incoming.student_feedback"
COPY_EVENTS = f"insert into {EVENTS} select * replace (event_id || '-{{0}}' as event_id) from "

LOADS = [
    Fault(
        "a truncated load",
        # The evening is cut off.
        (
            "validate raw.tutor_events volume",
            "validate raw.tutor_events.event_timestamp hour",
            "validate raw.tutor_events.created_at hour",
        ),
        (f"delete from {EVENTS} where rowid > 120",),
    ),
    Fault(
        "volume halved",
        ("validate raw.tutor_events volume",),
        (f"delete from {EVENTS} where hash(event_id) % 2 = 0",),
        quick=True,
    ),
    Fault(
        "volume tripled",
        ("validate raw.tutor_events volume",),
        (
            f"create table incoming.more as select * from {EVENTS}",
            COPY_EVENTS.format(1) + "incoming.more",
            COPY_EVENTS.format(2) + "incoming.more",
        ),
    ),
    Fault(
        "a table that did not come",
        ("validate raw.tutor_events volume",),
        (f"delete from {EVENTS}",),
    ),
    Fault(
        "a table that has not come for days",
        ("validate raw.tutor_events freshness",),
        (f"delete from {EVENTS}",),
        through="2025-06-05",
    ),
    Fault(
        "a duplicate load",
        ("validate raw.tutor_events redelivered", "rejected tutor_events superseded"),
        (f"insert into {EVENTS} from {EVENTS}",),
    ),
    Fault(
        "yesterday's file again",
        ("validate raw.tutor_events redelivered",),
        (
            f"delete from {EVENTS}",
            f"insert into {EVENTS} select * replace (_loaded_at + interval '1 day' as _loaded_at) "
            "from raw.tutor_events where _loaded_at >= timestamptz '2025-06-01 06:00:00+00'",
        ),
    ),
    Fault(
        "all ratings 5",
        ("validate raw.student_feedback.overall_rating mean",),
        (f"update {RATINGS} set overall_rating = 5",),
        quick=True,
    ),
    Fault(
        "a clock a day ahead",
        ("validate raw.tutor_events.event_timestamp ahead",),
        (f"update {EVENTS} set event_timestamp = event_timestamp + interval '1 day'",),
    ),
    Fault(
        "a clock a day behind",
        ("validate raw.tutor_events.event_timestamp lag",),
        (f"update {EVENTS} set event_timestamp = event_timestamp - interval '1 day'",),
    ),
    Fault(
        "local time taken for UTC",
        ("validate raw.tutor_events.event_timestamp hour",),
        (f"update {EVENTS} set event_timestamp = event_timestamp - interval '5 hours'",),
    ),
    Fault(
        "UTC taken for local time",
        ("validate raw.tutor_events.event_timestamp ahead",),
        (f"update {EVENTS} set event_timestamp = event_timestamp + interval '5 hours'",),
    ),
    Fault(
        "dates in the future",
        ("validate raw.sessions.updated_at ahead",),
        ("update incoming.sessions set updated_at = updated_at + interval '2 years'",),
    ),
    Fault(
        "encoding damage",
        ("validate raw.student_feedback.free_text_feedback damaged",),
        (
            f"update {RATINGS} set free_text_feedback = "
            "replace(free_text_feedback, 'e', chr(195) || chr(169))",
        ),
    ),
    Fault(
        "a column that is null from now on",
        ("validate raw.sessions.engagement_score nulls",),
        ("update incoming.sessions set engagement_score = null",),
    ),
    Fault(
        "a flag that is always false",
        ("validate raw.sessions.learning_objectives_met share",),
        ("update incoming.sessions set learning_objectives_met = false",),
    ),
    Fault(
        "one kind for all",
        (
            "validate raw.sessions.session_type share group",
            "validate raw.sessions.session_type share 1-on-1",
        ),
        ("update incoming.sessions set session_type = 'group'",),
    ),
    Fault(
        "hours in place of minutes",
        ("validate raw.sessions.duration_minutes mean",),
        ("update incoming.sessions set duration_minutes = duration_minutes / 60",),
    ),
    Fault(
        "percent in place of shares",
        (
            "validate raw.sessions rejected",
            "validate raw.sessions.engagement_score mean",
            "rejected sessions engagement_score_out_of_range",
            FEEDBACK_WITHOUT_SESSION,
            "validate raw.student_feedback rejected",
        ),
        ("update incoming.sessions set engagement_score = engagement_score * 100",),
    ),
    Fault(
        "swapped columns",
        (
            "validate raw.sessions rejected",
            "rejected sessions tutor_not_accepted",
            "rejected sessions student_not_accepted",
            FEEDBACK_WITHOUT_SESSION,
            "validate raw.student_feedback rejected",
        ),
        ("update incoming.sessions set tutor_id = student_id, student_id = tutor_id",),
    ),
    Fault(
        "children that come before their parents",
        (
            "validate raw.student_feedback rejected",
            FEEDBACK_WITHOUT_SESSION,
            "validate raw.sessions volume",
        ),
        ("delete from incoming.sessions",),
    ),
]

PUBLISHED = [
    Fault(
        "a published row deleted behind dbt's back",
        (
            "validate tutormax.interventions rows_conserved",
            "dbt test rows_conserved_interventions_ref_rejected_records___interventions",
        ),
        after=("delete from tutormax.interventions where intervention_id = 'intervention-1'",),
    ),
    Fault(
        "a published value out of its range",
        (
            "validate tutormax.sessions.duration_minutes in_range",
            "dbt test in_range_sessions_duration_minutes__1440__0",
        ),
        after=(
            "update tutormax.sessions set duration_minutes = 1441 where session_id = 'session-1'",
        ),
    ),
    Fault(
        "half a calculation date",
        ("dbt test assert_every_window_of_a_date",),
        after=(
            "delete from tutormax.tutor_performance_metrics where \"window\" = '90day' and "
            "calculation_date = (select min(calculation_date) from "
            "tutormax.tutor_performance_metrics)",
        ),
    ),
    Fault(
        "probabilities that fall",
        ("dbt test assert_churn_probabilities_never_fall",),
        after=(
            "update tutormax.churn_predictions set window_1day_probability = 1 "
            "where prediction_id = (select min(prediction_id) from tutormax.churn_predictions)",
        ),
    ),
    Fault(
        "a published column too many",
        ("validate tutormax.churn_feature_drift columns",),
        after=("alter table tutormax.churn_feature_drift add column note varchar",),
    ),
    Fault(
        "a published column of another type",
        ("validate tutormax.churn_feature_drift types",),
        after=("alter table tutormax.churn_feature_drift alter column predictions type double",),
    ),
]

FAULTS = [*FILES, *DRIFTS, *LOSSES, *LOADS, *PUBLISHED]
