"""A clean warehouse with four weeks of loads, and what fires when a fault comes with the next.

Everything that fires is named: `rejected tutors name_missing`, `validate raw.sessions volume`,
`dbt test assert_every_window_of_a_date`, or the beginning of the sentence with which a build or
load stops.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from support.factories import small_world, utc
from support.project import DuckDbProject
from support.rule_cases import Case, one_case_a_rule, parents, world_of
from support.tables import merged
from support.validating import broken, validated
from support.warehouses import DuckDbWarehouse
from support.warehouses.protocol import AGAIN
from tutormax.errors import UserError
from tutormax.generate.settings import Settings
from tutormax.generate.writing import write_files
from tutormax.schema import KEYS, LOADED_AT

LAST_LOAD = "2025-06-02"
END = date(2025, 6, 6)
DAYS = 32
FAILED_TEST = re.compile(r"(?:Failure|Error) in test (\w+)")
FUSE = re.compile(r"would remove \d+ of the \d+ rows of \w+\.(\w+)")
SENTENCE = re.compile(
    r"(The table raw\.\w+ (?:is missing|has no column)|Every table of raw is empty)"
)
DRIFT = re.compile(r"Raw is not what the sources declare: (\S+) is")

BASE = f"_loaded_at < timestamptz '{LAST_LOAD} 00:00:00+00'"

Fired = set[str]
Step = Callable[["Bench", DuckDbWarehouse], None]


@dataclass(frozen=True)
class Fault:
    """What is wrong with the last load, or with the warehouse once it is built.

    `expected` is what must fire, the first of them the check that the fault is there to show;
    nothing else may. `load` changes the schema `incoming`, which then goes into raw; `before`
    runs before it, and `after` once all is built.
    """

    name: str
    expected: tuple[str, ...]
    load: tuple[str, ...] = ()
    before: Step | None = None
    after: tuple[str, ...] = ()
    through: str = LAST_LOAD
    quick: bool = False


def together(faults: Sequence[Fault]) -> Fault:
    """The faults of different tables in one load."""
    return Fault(
        " and ".join(fault.name for fault in faults),
        tuple(name for fault in faults for name in fault.expected),
        tuple(change for fault in faults for change in fault.load),
    )


@dataclass
class Bench:
    """The clean warehouse, its last loads as files, and dbt's parsed project."""

    project: DuckDbProject
    folder: Path
    base: DuckDbWarehouse = field(init=False)

    def __post_init__(self) -> None:
        settings = Settings(
            end_date=END, days=DAYS, tutors=25, sessions_per_day=320, seed=20_250_602
        )
        write_files(settings, self.folder / "files")
        self.base = DuckDbWarehouse(self.project, self.folder)
        self.insert(self.base, BASE, ())
        self.base.insert(merged(small_world(), world_of(parents())))
        self.base.build()

    def insert(self, warehouse: DuckDbWarehouse, rows: str, changes: Iterable[str]) -> None:
        """Append those rows of the files to raw, changed on the way."""
        with warehouse.connection() as connection:
            connection.execute("create schema incoming")
            for table in KEYS:
                connection.execute(
                    f"create table incoming.{table} as select * from raw.{table} limit 0"
                )
                is_parent = table in ("tutors", "students")
                connection.execute(
                    f"insert into incoming.{table} by name "
                    f"select * from '{self.folder}/files/{table}.parquet' "
                    f"where {rows == BASE if is_parent else rows}"
                )
            if rows == BASE:
                # Parents are there from the start, so that nothing has to wait for them.
                for table in ("tutors", "students"):
                    connection.execute(
                        f"update incoming.{table} set _loaded_at = "
                        f"least(_loaded_at, timestamptz '{LAST_LOAD}' - interval '1 day')"
                    )
            for change in changes:
                connection.execute(change)
            for table in KEYS:
                with suppress(duckdb.CatalogException):  # what a fault has dropped
                    connection.execute(
                        f"insert into raw.{table} by name select * from incoming.{table}"
                    )
            connection.execute("drop schema incoming cascade")

    def copy(self) -> DuckDbWarehouse:
        return self.base.copy()

    def fired(self, fault: Fault, *, tests: bool) -> Fired:
        """Everything that fires when the fault comes with the last load; dbt's tests if asked."""
        warehouse = self.copy()
        try:
            if fault.before:
                fault.before(self, warehouse)
        except UserError as error:
            return {f"load: {beginning(str(error))}"}
        arrived = f"_loaded_at >= timestamptz '{LAST_LOAD} 00:00:00+00'"
        until = f"_loaded_at < timestamptz '{fault.through} 00:00:00+00' + interval '1 day'"
        self.insert(warehouse, f"{arrived} and {until}", fault.load)
        build = warehouse.dbt(*AGAIN)
        if not build.succeeded:
            return {f"build: {stopped_by(build.message)}"}
        for statement in fault.after:
            warehouse.execute(statement)
        fired = {f"rejected {table} {reason}" for table, reason in rejections(warehouse)}
        if tests:
            run = warehouse.dbt("test")
            fired |= {f"dbt test {name}" for name in FAILED_TEST.findall(run.message)}
        return fired | self.validated(warehouse)

    def validated(self, warehouse: DuckDbWarehouse) -> Fired:
        """The names of the expectations that are broken."""
        return {f"validate {name}" for name in broken(validated(warehouse))}


def row_faults(bench: Bench) -> Iterator[tuple[str, tuple[str, ...], Fired]]:
    """A row for each rule, all in one load, told apart by their arrival; then what else fires."""
    warehouse = bench.copy()
    before = len(warehouse.rows("rejected_records"))
    bench.insert(warehouse, f"cast(_loaded_at as date) = date '{LAST_LOAD}'", ())
    cases = [
        Case(
            case.table, case.row | {LOADED_AT: utc(LAST_LOAD) + timedelta(minutes=n)}, case.reasons
        )
        for n, case in enumerate(one_case_a_rule())
    ]
    warehouse.insert(world_of(cases))
    warehouse.build()
    found: dict[tuple[str, datetime], Fired] = {}
    records = warehouse.rows("rejected_records")
    for row in records:
        names = {f"rejected {row['source_table']} {reason}" for reason in row["reasons"]}
        found.setdefault((row["source_table"], row["loaded_at"]), set()).update(names)
    for case in cases:
        expected = f"rejected {case.table} {case.reasons[0]}"
        yield expected, (expected,), found.get((case.table, case.row[LOADED_AT]), set())
    others = {f"{len(records) - before - len(cases)} more rejected"}
    over_limit = tuple(
        f"validate raw.{row['source_table']} last_arrivals"
        for row in warehouse.rows("tutormax_arrivals")
        if row["is_over_limit"]
    )
    assert len(over_limit) > 3
    expected_of_all = ("0 more rejected", *over_limit)
    yield "all of these together", expected_of_all, others | bench.validated(warehouse)


def load_file(name: str, content: bytes) -> Step:
    """`tutormax load` of one file."""

    def load(bench: Bench, warehouse: DuckDbWarehouse) -> None:
        folder = Path(tempfile.mkdtemp(dir=bench.folder))
        (folder / name).write_bytes(content)
        warehouse.load(folder)

    return load


def load_cut_parquet(bench: Bench, warehouse: DuckDbWarehouse) -> None:
    whole = (bench.folder / "files" / "sessions.parquet").read_bytes()
    load_file("sessions.parquet", whole[: len(whole) // 2])(bench, warehouse)


def run_sql(*statements: str) -> Step:
    """Change the warehouse before the load."""

    def run(bench: Bench, warehouse: DuckDbWarehouse) -> None:
        for statement in statements:
            warehouse.execute(statement)

    return run


def rejections(warehouse: DuckDbWarehouse) -> set[tuple[str, str]]:
    """The reasons given to rows of the last loads."""
    return {
        (table, reason)
        for table, reason in warehouse.execute(
            "select distinct source_table, unnest(reasons) from tutormax.rejected_records "
            f"where loaded_at >= timestamptz '{LAST_LOAD} 00:00:00+00'"
        )
    }


def stopped_by(message: str) -> str:
    """Which guard stopped a build."""
    for guard, pattern in (("source drift ", DRIFT), ("fuse ", FUSE), ("", SENTENCE)):
        found = pattern.search(message)
        if found:
            return f"{guard}{found[1]}"
    return beginning(message)


def beginning(sentence: str) -> str:
    """A sentence without folders, up to the first comma or so."""
    plain = re.sub(r"/\S*/", "", " ".join(sentence.split()))
    return re.split(r"[:;(]", plain)[0].strip(" .")
