"""A warehouse of Spark, in this process.

Spark takes long to start, so one serves all tests of a module.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
from pyspark import SparkContext
from pyspark.sql import SparkSession

from support.project import REPOSITORY, Project, dbt_command, environment
from support.tables import Row
from support.warehouses.duckdb import arrow_table
from support.warehouses.protocol import Warehouse
from tutormax.load.parquet_sink import ParquetSink
from tutormax.schema import RAW_SCHEMA, metadata
from tutormax.spark.directories import make_directories
from tutormax.spark.reading import connect_spark

LARGER = {"TUTORMAX_SPARK_PARTITIONS": "4", "JAVA_TOOL_OPTIONS": ""}
"""Settings for data whose rows cost more than planning."""


class SparkWarehouse(Warehouse):
    """The tables of one Spark, below one folder."""

    target = "spark"

    def __init__(self, folder: Path) -> None:
        self.directory = folder / "spark"
        make_directories(self.directory)
        env = {
            "TUTORMAX_SPARK_DIR": str(self.directory),
            "TUTORMAX_SPARK_MASTER": "local[1]",
            # Small data: what costs is planning.
            "TUTORMAX_SPARK_PARTITIONS": "1",
            "TUTORMAX_SPARK_ADAPTIVE": "false",
            "SPARK_LOCAL_IP": "127.0.0.1",
            # Little is run often enough to be worth the better of Java's compilers.
            "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1",
            "SPARK_CONF_DIR": str(folder),
        }
        # Compiling a query to Java costs more than small data take without it.
        (folder / "spark-defaults.conf").write_text(
            "spark.sql.codegen.wholeStage false\nspark.sql.codegen.factoryMode NO_CODEGEN\n"
        )
        super().__init__(Project(folder, env | {"TUTORMAX_TARGET": self.target}), folder, env)

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

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """Read the files of the tables; a table without files is not there."""
        with environment(self.environment), closing(connect_spark()) as connection:
            yield connection

    def insert(self, world: Mapping[str, Iterable[Row]]) -> None:
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

    def build_on(self, master: str) -> None:
        """Run `dbt build`, data tests included, in a process of its own on a cluster."""
        done = subprocess.run(
            dbt_command("build"),
            cwd=REPOSITORY,
            env=os.environ | self.environment | {"TUTORMAX_SPARK_MASTER": master} | LARGER,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout

    def insert_bad_rows(self, table: str) -> None:
        """Add a row without values, and two with the same values, which no other table has."""
        session = SparkSession.builder.getOrCreate()
        values = {"string": f"'not in {table}'", "int": "-987654321", "double": "-987654321"}
        types = [kind for _, kind in session.table(f"tutormax.{table}").dtypes]
        bad = ", ".join(values.get(kind, "null") for kind in types)
        empty = ", ".join("null" for _ in types)
        session.sql(f"insert into tutormax.{table} values ({empty}), ({bad}), ({bad})")

    def forget_column(self, table: str, column: str) -> None:
        """Make a table as a version made it that had no such column yet, without rows."""
        session = SparkSession.builder.getOrCreate()
        fields = session.table(table).drop(column).schema
        session.sql(f"drop table {table}")
        session.createDataFrame([], fields).write.saveAsTable(table)

    def rows(self, table: str, schema: str = "tutormax") -> list[Row]:
        """All rows of a table; none if it has no files."""
        found = self.execute(
            "select 1 from duckdb_views() where schema_name = ? and view_name = ?", [schema, table]
        )
        return super().rows(table, schema) if found else []
