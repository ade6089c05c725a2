"""One `dbt build`, measured from outside and by what dbt notes down."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from commands import BIN, Cost, run


@dataclass(frozen=True)
class Build:
    """What a build took, in seconds.

    `models` and `tests` are what dbt says its models and data tests took, `sql` and `metrics` what
    the statements of all models and of the metrics' models took; statements run two at a time.
    `around` is the wall time before the first node and after the last.
    """

    cost: Cost
    models: float
    tests: float
    sql: float
    metrics: float
    around: float


def dbt_build(folder: Path, env: Mapping[str, str]) -> Build:
    """Build as `make build` does: every model, seed and data test. `folder` is for dbt's files."""
    logs = folder / "logs"
    shutil.rmtree(logs, ignore_errors=True)
    cost = run(
        [str(BIN / "dbt"), "build", "--exclude-resource-type", "unit_test"],
        env
        | {
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(logs),
            "DBT_LOG_FORMAT_FILE": "json",
        },
    )
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    seconds: Counter[str] = Counter()
    for result in results:
        seconds[result["unique_id"].split(".")[0]] += result["execution_time"]
    instants = [
        dt.datetime.fromisoformat(timing[end])
        for result in results
        for timing in result["timing"]
        for end in ("started_at", "completed_at")
    ]
    statements = _seconds_of_statements(logs / "dbt.log")
    return Build(
        cost=cost,
        models=seconds["model"],
        tests=seconds["test"],
        sql=sum(statements.values()),
        metrics=sum(value for name, value in statements.items() if _is_of_metrics(name)),
        around=cost.wall - (max(instants) - min(instants)).total_seconds(),
    )


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
