"""MetricFlow gives what plain SQL over the published tables gives, on both engines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from support.factories import random_world, session
from support.project import REPOSITORY
from support.tables import Row, merged
from support.warehouses import DatabaseWarehouse, on_duckdb

pytest.importorskip("dbt_metricflow")

from dbt.contracts.graph.semantic_manifest import SemanticManifest

SUBJECTS = ("Algebra", "Physics", "Latin")
STATUSES = ("pending", "in_progress", "cancelled", "completed", "completed")

METRICS = {
    *("sessions_completed", "average_rating", "first_session_success_rate"),
    *("reschedule_rate", "no_show_rate", "tutors_by_tier", "tutors_by_risk", "expected_churn_30d"),
    *("intervention_acceptance_rate", "intervention_completion_rate"),
}
"""The metrics that are promised; others are what they are made of."""


def varied_world() -> dict[str, list[Row]]:
    world = random_world(21, days=50)
    for number, row in enumerate(world["sessions"]):
        row["subject"] = SUBJECTS[number % len(SUBJECTS)]
    for number, row in enumerate(world["interventions"]):
        row["status"] = STATUSES[number % len(STATUSES)]
        row["intervention_type"] = ("manager_coaching", "recognition")[number % 2]
        if row["status"] != "completed":
            row |= {"completed_date": None, "outcome": None}
    ahead = session("ahead", "tutor-1", "student-1", "2099-01-01", actual_start=None)
    return merged(world, {"sessions": [ahead]})


WORLD = varied_world()

BY_SUBJECT = """
    select
        cast(date_trunc('month', scheduled_start at time zone 'UTC') as date) as metric_time__month,
        subject as session__subject,
        count(*) filter (where not no_show and actual_start is not null) as sessions_completed,
        avg(overall_rating) as average_rating,
        1.0 * count(*) filter (where session_number = 1 and overall_rating >= 4)
        / nullif(count(*) filter (where session_number = 1 and overall_rating >= 1), 0)
            as first_session_success_rate,
        1.0 * count(*) filter (where tutor_initiated_reschedule) / count(*) as reschedule_rate,
        1.0 * count(*) filter (where no_show) / count(*) as no_show_rate
    from tutormax.sessions
    left join tutormax.student_feedback using (session_id)
    where scheduled_start < (select max(calculation_date) from tutormax.tutor_performance_metrics)
    group by 1, 2
"""

BY_STANDING = """
    select
        metrics.performance_tier as tutor_day__performance_tier,
        predictions.risk_level as tutor_day__risk_level,
        case
            when tutors.tutor_id is null then null
            when cast(metrics.calculation_date at time zone 'UTC' as date)
                - cast(tutors.onboarding_date at time zone 'UTC' as date) <= 30 then '0-30 days'
            when cast(metrics.calculation_date at time zone 'UTC' as date)
                - cast(tutors.onboarding_date at time zone 'UTC' as date) <= 90 then '31-90 days'
            else '91-365 days'
        end as tutor_day__tenure_band,
        count(*) filter (where not no_show and actual_start is not null) as sessions_completed,
        1.0 * count(*) filter (where no_show) / count(*) as no_show_rate
    from tutormax.sessions
    left join tutormax.tutor_performance_metrics as metrics
        on
            sessions.tutor_id = metrics.tutor_id
            and metrics."window" = '30day'
            and cast(sessions.scheduled_start at time zone 'UTC' as date)
            = cast(metrics.calculation_date at time zone 'UTC' as date)
    left join tutormax.churn_predictions as predictions
        on
            metrics.tutor_id = predictions.tutor_id
            and metrics.calculation_date = predictions.prediction_date
    left join tutormax.tutors on metrics.tutor_id = tutors.tutor_id
    where scheduled_start < (select max(calculation_date) from tutormax.tutor_performance_metrics)
    group by 1, 2, 3
"""

BY_TIER = """
    select
        cast(calculation_date at time zone 'UTC' as date) as metric_time__day,
        performance_tier as tutor_day__performance_tier,
        count(*) as tutors_by_tier
    from tutormax.tutor_performance_metrics
    where "window" = '30day' and performance_tier is not null
    group by 1, 2
"""

BY_MONTH = """
    select
        cast(date_trunc('month', prediction_date at time zone 'UTC') as date) as metric_time__month,
        risk_level as tutor_day__risk_level,
        count(*) as tutors_by_risk,
        sum(window_30day_probability) as expected_churn_30d
    from tutormax.churn_predictions
    where prediction_date in (
        select max(prediction_date)
        from tutormax.churn_predictions
        group by date_trunc('month', prediction_date at time zone 'UTC')
    )
    group by 1, 2
"""

BY_TYPE = """
    select
        intervention_type as intervention__intervention_type,
        1.0 * count(*) filter (where status in ('in_progress', 'completed'))
        / nullif(count(*) filter (where status <> 'pending'), 0) as intervention_acceptance_rate,
        1.0 * count(*) filter (where status = 'completed')
        / nullif(count(*) filter (where status in ('in_progress', 'completed')), 0)
            as intervention_completion_rate
    from tutormax.interventions
    group by 1
"""

QUERIES: dict[str, dict[str, Any]] = {
    BY_SUBJECT: {"saved_query_name": "quality_by_subject"},
    BY_STANDING: {
        "metric_names": ["sessions_completed", "no_show_rate"],
        "group_by_names": [
            "tutor_day__performance_tier",
            "tutor_day__risk_level",
            "tutor_day__tenure_band",
        ],
    },
    BY_TIER: {
        "metric_names": ["tutors_by_tier"],
        "group_by_names": ["metric_time__day", "tutor_day__performance_tier"],
        "where_constraints": ["{{ Dimension('tutor_day__performance_tier') }} is not null"],
    },
    BY_MONTH: {
        "metric_names": ["tutors_by_risk", "expected_churn_30d"],
        "group_by_names": ["metric_time__month", "tutor_day__risk_level"],
        "where_constraints": ["{{ Dimension('tutor_day__risk_level') }} is not null"],
    },
    BY_TYPE: {
        "metric_names": ["intervention_acceptance_rate", "intervention_completion_rate"],
        "group_by_names": ["intervention__intervention_type"],
    },
}
"""What MetricFlow is asked, by the SQL that asks the same."""


def run(warehouse: DatabaseWarehouse, program: list[str | Path], typed: str = "") -> str:
    """Run a program that finds the project, and the semantic manifest, where MetricFlow looks."""
    project = warehouse.folder / "metricflow"
    (project / "target").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(REPOSITORY / "dbt_project.yml", project / "dbt_project.yml")
    manifest = project / "target" / "semantic_manifest.json"
    SemanticManifest(warehouse.manifest).write_json_to_file(str(manifest))
    done = subprocess.run(
        program,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        cwd=project,
        env=dict(os.environ)
        | warehouse.environment
        | {"DBT_PROJECT_DIR": str(project), "DO_NOT_TRACK": "1"},
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def comparable(rows: list[Row]) -> dict[tuple[Any, ...], Row]:
    """Rows by their dimensions; metrics as numbers, a month or a day as a date."""
    keyed = {}
    for row in rows:
        key = tuple(
            str(value)[:10] if name.startswith("metric_time") else value
            for name, value in row.items()
            if "__" in name
        )
        keyed[key] = {
            name: None if value is None else float(value)
            for name, value in row.items()
            if "__" not in name
        }
    assert len(keyed) == len(rows)
    return keyed


@pytest.mark.deep("postgres")
def test_metrics_are_what_plain_sql_gives(built_warehouse: DatabaseWarehouse) -> None:
    worker = REPOSITORY / "tests" / "support" / "metricflow_query.py"
    answers = json.loads(
        run(built_warehouse, [sys.executable, worker], json.dumps(list(QUERIES.values())))
    )
    for (sql, query), rows in zip(QUERIES.items(), answers, strict=True):
        names, plain = built_warehouse.query(sql)
        expected = comparable([dict(zip(names, row, strict=True)) for row in plain])
        found = comparable(rows)
        assert found.keys() == expected.keys(), query
        assert len(expected) >= 2
        for key, row in expected.items():
            assert found[key] == pytest.approx(row, rel=1e-12), (query, key)


@pytest.mark.deep
def test_the_configuration_is_valid(built_warehouse: DatabaseWarehouse) -> None:
    mf = Path(sys.executable).with_name("mf")
    said = run(built_warehouse, [mf, "validate-configs", "--show-all"])
    assert said.count("ERRORS: 0, FUTURE_ERRORS: 0, WARNINGS: 0") == 6
    said = run(built_warehouse, [mf, "query", "--saved-query", "interventions_by_type"])
    assert "intervention_acceptance_rate" in said and "manager_coaching" in said


@on_duckdb
def test_the_manifest_has_them(built_warehouse: DatabaseWarehouse) -> None:
    """dbt-core 1.11 ignores semantic models in the newer form silently."""
    manifest = built_warehouse.manifest
    named = {metric.name: metric for metric in manifest.metrics.values()}
    assert named.keys() >= METRICS
    assert all(named[name].description for name in METRICS)
    models = {model.name: model for model in manifest.semantic_models.values()}
    assert models.keys() == {"tutor_days", "sessions", "interventions"}
    dimensions = Counter(
        dimension.name for model in models.values() for dimension in model.dimensions
    )
    assert dimensions.keys() >= {
        *("subject", "performance_tier", "risk_level", "tenure_band"),
        *("session_day", "calculation_day", "recommended_day"),
    }
    queried = {
        name for query in manifest.saved_queries.values() for name in query.query_params.metrics
    }
    assert queried == METRICS
