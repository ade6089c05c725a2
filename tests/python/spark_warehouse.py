"""One Spark in this process, filled by tests and built by real dbt.

It takes long to start, so one serves all tests of a module.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
from dbt.cli.main import dbtRunner
from duckdb_warehouse import (
    REPOSITORY,
    WITHOUT_TESTS,
    Build,
    Row,
    arrow_table,
    environment,
)
from pyspark import SparkContext
from pyspark.sql import SparkSession

from tutormax.load.parquet_sink import ParquetSink
from tutormax.schema import RAW_SCHEMA, metadata
from tutormax.spark.directories import make_directories
from tutormax.spark.reading import connect_spark

LARGER = {"TUTORMAX_SPARK_PARTITIONS": "4", "JAVA_TOOL_OPTIONS": ""}
"""Settings for data whose rows cost more than planning."""


class SparkWarehouse:
    """The tables of one Spark, below one folder."""

    def __init__(self, folder: Path) -> None:
        self.directory = folder / "spark"
        self._folder = folder
        self._environment = {
            "TUTORMAX_TARGET": "spark",
            "TUTORMAX_SPARK_DIR": str(self.directory),
            "TUTORMAX_SPARK_MASTER": "local[1]",
            # Small data: what costs is planning.
            "TUTORMAX_SPARK_PARTITIONS": "1",
            "TUTORMAX_SPARK_ADAPTIVE": "false",
            "SPARK_LOCAL_IP": "127.0.0.1",
            # Little is run often enough to be worth the better of Java's compilers.
            "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1",
        }
        make_directories(self.directory)

    def close(self) -> None:
        """Stop Spark, and the Java that it runs in."""
        # dbt's session is the active one of another thread.
        context = SparkContext._active_spark_context
        if context is not None:
            gateway = context._gateway
            context.stop()
            gateway.shutdown()
            gateway.proc.stdin.close()
            gateway.proc.wait(timeout=60)

    def insert(self, world: Mapping[str, Iterable[Row]]) -> None:
        """Append rows to raw, as the loader does; columns that a row does not name are null."""
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            sink = ParquetSink(connection, self.directory)
            sink.prepare()
            for table, rows in world.items():
                connection.register("arrow_rows", arrow_table(table, list(rows)))
                sink.write(
                    metadata.tables[f"{RAW_SCHEMA}.{table}"], "from arrow_rows", lambda _: None
                )
                connection.unregister("arrow_rows")
            sink.commit()

    def build(self, *words: str, variables: Mapping[str, Any] | None = None) -> Build:
        """Run `dbt build` without dbt's own tests, and demand that it succeeds."""
        build = self.run("build", *WITHOUT_TESTS, *words, variables=variables)
        assert build.succeeded, build.message
        return build

    def build_on(self, master: str) -> None:
        """Run `dbt build`, data tests included, in a process of its own on a cluster."""
        done = subprocess.run(
            [
                *(Path(sys.executable).with_name("dbt"), "build"),
                *("--target-path", self._folder / "target-of-cluster"),
                *("--log-path", self._folder / "logs"),
            ],
            cwd=REPOSITORY,
            env=os.environ | self._environment | {"TUTORMAX_SPARK_MASTER": master} | LARGER,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout

    def run(self, *words: str, variables: Mapping[str, Any] | None = None) -> Build:
        """Run dbt in this process."""
        errors: list[str] = []

        def listen(event: Any) -> None:
            if event.info.level == "error":
                errors.append(event.info.msg)

        with environment(self._environment):
            result = dbtRunner(callbacks=[listen]).invoke(
                [
                    *("--quiet", "--no-write-json", *words),
                    *("--vars", json.dumps(dict(variables or {}))),
                    *("--project-dir", str(REPOSITORY), "--profiles-dir", str(REPOSITORY)),
                    *("--target-path", str(self._folder / "target")),
                    *("--log-path", str(self._folder / "logs")),
                ]
            )
        if result.exception is not None:
            errors.append(str(result.exception))
        return Build(result.success, "\n".join(errors))

    def insert_bad_rows(self, table: str) -> None:
        """Add a row without values, and two with the same values, which no other table has."""
        session = SparkSession.builder.getOrCreate()
        values = {"string": f"'not in {table}'", "int": "-987654321", "double": "-987654321"}
        types = [kind for _, kind in session.table(f"tutormax.{table}").dtypes]
        bad = ", ".join(values.get(kind, "null") for kind in types)
        empty = ", ".join("null" for _ in types)
        session.sql(f"insert into tutormax.{table} values ({empty}), ({bad}), ({bad})")

    def rows(self, table: str, schema: str = "tutormax") -> list[Row]:
        """All rows of a table, read from its files; none if it has no files."""
        with environment(self._environment), closing(connect_spark()) as connection:
            known = connection.execute(
                "select 1 from duckdb_views() where schema_name = ? and view_name = ?",
                [schema, table],
            ).fetchall()
            if not known:
                return []
            result = connection.execute(f'select * from {schema}."{table}"')
            columns = [column[0] for column in result.description]
            return [dict(zip(columns, values, strict=True)) for values in result.fetchall()]
