"""Runs all checks of a warehouse, table by table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pandas as pd
from jinja2 import Template

from tutormax.errors import UserError
from tutormax.operations.project import project_folder
from tutormax.validate.asking import Asker
from tutormax.validate.checks import Check, Result
from tutormax.validate.engines import Engine, open_engine
from tutormax.validate.history import history_checks
from tutormax.validate.mapping import BETWEEN, checks_of_tests, number_name
from tutormax.validate.structure import structure_checks
from tutormax.validate.tables import Contracts, TableContract
from tutormax.warehouse import Target, quote


def validate_contracts(
    contracts: Contracts,
    target: Target,
    now: dt.datetime | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Result]:
    """Check every table; `now` replaces the last calculation date for freshness.

    `say` hears what comes next.

    Raises:
        UserError: the warehouse cannot be read, a table is missing, or a check cannot run.
    """
    results: list[Result] = []
    with open_engine(target) as engine:
        asker = Asker(engine)
        catalog = engine.catalog()
        for table in (*contracts.raw, *contracts.published):
            say(f"Checking {table.label}")
            found = _columns(catalog, table, target)
            checks = [*structure_checks(table, found, target), *_table_checks(table, contracts)]
            results += _ask(asker, engine, table, checks, set(found))
        # Days can only be aggregated if the columns are as declared.
        if all(r.success for r in results if r.check.rule in ("columns", "types")):
            say("Comparing loads with earlier ones")
            for numbers in history_checks(engine, contracts, now):
                if numbers:
                    results += asker.of_frame(_side_by_side(numbers), numbers)
    return results


def _columns(
    catalog: Mapping[tuple[str, str], Mapping[str, str]], table: TableContract, target: Target
) -> Mapping[str, str]:
    found = catalog.get((table.schema, table.name))
    if found is None:
        what = f"`tutormax load DIR --target {target.value}`"
        if not table.is_raw:
            what = f"`dbt build --target {target.value}`"
        raise UserError(f"The table {table.label} is missing in {target.value}: run {what}.")
    return found


def _table_checks(table: TableContract, contracts: Contracts) -> list[Check]:
    """The checks of the YAML's data tests; for raw only that rows have an arrival."""
    if not table.is_raw:
        return checks_of_tests(table)
    column = contracts.loaded_at if contracts.loaded_at in table.columns else "_loaded_at"
    return [
        Check(
            table,
            "not_null",
            (column,),
            "a value",
            "expect_column_values_to_not_be_null",
            {"column": column},
            broken=f"{quote(column)} is null",
        ),
        _last_arrivals(table, contracts),
    ]


def _last_arrivals(table: TableContract, contracts: Contracts) -> Check:
    """The build did not find too many rejected rows among those that arrived last."""
    last = f"select max(build_number) from {contracts.arrivals} where source_table = '{table.name}'"
    # The reasons, each with the key of a row, as the pages show them.
    page = project_folder() / "reports" / "queries" / "personal" / "arrivals.sql"
    schema = contracts.arrivals.rpartition(".")[0]
    with_keys = Template(page.read_text(encoding="utf-8")).render(published=schema)
    return Check(
        table,
        "last_arrivals",
        (),
        "nearly all of what arrived last accepted (max_rejected_share)",
        BETWEEN,
        {"column": number_name("last_arrivals", ()), "max_value": 0},
        query="select coalesce(max(rows_rejected), 0), max(with_keys.reasons) "
        f"from {contracts.arrivals} as arrivals inner join ({with_keys}) as with_keys "
        "on arrivals.source_table = with_keys.source_table "
        f"where is_over_limit and arrivals.source_table = '{table.name}' "
        f"and build_number = ({last})",
        observed="rejected: {value:,} ({0}); correct them at their source and load them again",
    )


def _ask(
    asker: Asker,
    engine: Engine,
    table: TableContract,
    checks: Sequence[Check],
    present: set[str],
) -> list[Result]:
    """Results of the checks; a check with a missing column fails."""
    askable = [check for check in checks if set(check.columns) <= present]
    results: list[Result] = []
    for check in askable:
        if check.frame is not None:
            results += asker.of_frame(check.frame, [check])
    numbers = [_number(engine, check) for check in askable if check.query is not None]
    if numbers:
        results += asker.of_frame(_side_by_side(numbers), numbers)
    of_rows = [check for check in askable if check.is_of_rows]
    if of_rows:
        results += asker.of_rows(table, of_rows)
    return results


def _number(engine: Engine, check: Check) -> Check:
    """The check of a number, with the number in a frame."""
    assert check.query is not None and check.observed is not None
    ((value, *words),) = engine.query(check.query)
    frame = pd.DataFrame({check.arguments["column"]: [float(value)]})
    observed = check.observed.format(*words, value=value)
    return replace(check, query=None, frame=frame, observed=observed)


def _side_by_side(checks: Sequence[Check]) -> pd.DataFrame:
    """One frame with the numbers of several checks."""
    return pd.concat([check.frame for check in checks], axis="columns")
