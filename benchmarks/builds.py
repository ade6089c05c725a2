"""One `dbt build`, measured from outside and by what dbt notes down."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from commands import BIN, Cost, run

EVERYTHING = ("build",)
"""Every model, seed and data test."""

WITHOUT_TESTS = ("build", "--exclude-resource-type", "test")
"""Every model and seed."""

SCORING = ("int_churn__features", "churn_predictions")


@dataclass(frozen=True)
class Build:
    """What a build took, in seconds.

    `models` and `tests` are what dbt says its models and data tests took, `sql`, `metrics` and
    `scoring` what the statements took of all models, of the metrics' models and of those that score
    churn; statements run two at a time. `busy` is the wall time in which at least one model ran,
    `around` that before the first node and after the last; `statements` are all that dbt sent.
    """

    cost: Cost
    models: float
    tests: float
    sql: float
    metrics: float
    scoring: float
    busy: float
    around: float
    statements: int


def dbt_build(folder: Path, env: Mapping[str, str], words: Sequence[str] = EVERYTHING) -> Build:
    """Run dbt and look at what it noted down. `folder` is for its files."""
    logs = folder / "logs"
    shutil.rmtree(logs, ignore_errors=True)
    cost = run(
        [str(BIN / "dbt"), *words],
        env
        | {
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(logs),
            "DBT_LOG_FORMAT_FILE": "json",
            # All of a build in one file: it would begin another after 10 MiB.
            "DBT_LOG_FILE_MAX_BYTES": "0",
        },
    )
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    seconds: Counter[str] = Counter()
    for result in results:
        seconds[result["unique_id"].split(".")[0]] += result["execution_time"]
    spans = [
        (result["unique_id"].split(".")[0], *_span(timing))
        for result in results
        for timing in result["timing"]
    ]
    first, last = min(start for _, start, _ in spans), max(end for _, _, end in spans)
    statements = _seconds_of_statements(logs / "dbt.log")
    return Build(
        cost=cost,
        models=seconds["model"],
        tests=seconds["test"],
        sql=sum(statements.values()),
        metrics=sum(value for name, value in statements.items() if _is_of_metrics(name)),
        scoring=sum(value for name, value in statements.items() if name in SCORING),
        busy=_covered((start, end) for kind, start, end in spans if kind == "model"),
        around=cost.wall - (last - first).total_seconds(),
        statements=(logs / "dbt.log").read_text().count('"SQLQueryStatus"'),
    )


def _span(timing: dict[str, str]) -> tuple[dt.datetime, dt.datetime]:
    started, completed = timing["started_at"], timing["completed_at"]
    return dt.datetime.fromisoformat(started), dt.datetime.fromisoformat(completed)


def _covered(spans: Iterable[tuple[dt.datetime, dt.datetime]]) -> float:
    """The seconds that lie in at least one of the spans."""
    seconds, reached = 0.0, dt.datetime.min.replace(tzinfo=dt.UTC)
    for start, end in sorted(spans):
        if end > reached:
            seconds += (end - max(start, reached)).total_seconds()
            reached = end
    return seconds


def _seconds_of_statements(log: Path) -> Counter[str]:
    """The seconds that the statements of each model took."""
    seconds: Counter[str] = Counter()
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            if '"SQLQueryStatus"' not in line:
                continue
            data = json.loads(line)["data"]
            node = data.get("node_info", {}).get("unique_id", "")
            if node.startswith("model."):
                seconds[node.split(".")[-1]] += data["elapsed"]
    return seconds


def _is_of_metrics(model: str) -> bool:
    return model.startswith("int_activity") or model == "tutor_performance_metrics"
