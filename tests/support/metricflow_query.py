"""Asks MetricFlow what stands on the standard input, in a process of its own.

It sets up dbt's globals. The project is the one of DBT_PROJECT_DIR, whose folder `target` holds the
semantic manifest.
"""

from __future__ import annotations

import json
import sys

from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from metricflow.engine.metricflow_engine import MetricFlowQueryRequest


def main() -> None:
    configuration = CLIConfiguration()
    configuration.setup(configure_file_logging=False)
    answers = []
    for query in json.load(sys.stdin):
        request = MetricFlowQueryRequest.create(**query)
        table = configuration.mf.query(request).result_df
        assert table is not None
        answers.append([dict(zip(table.column_names, row, strict=True)) for row in table.rows])
    json.dump(answers, sys.stdout, default=str)


if __name__ == "__main__":
    main()
