"""dbt's data tests as expectations: one function per kind of test."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tutormax.errors import UserError
from tutormax.validate.checks import Check
from tutormax.validate.tables import DataTest, TableContract
from tutormax.warehouse import quote

Mapped = Callable[[TableContract, DataTest], Check]

BETWEEN = "expect_column_values_to_be_between"
MISFITS = "rows that do not fit: {value:,}"


def checks_of_tests(table: TableContract) -> list[Check]:
    """The expectations for the data tests of a published table.

    Raises:
        UserError: a kind of test has no expectation.
    """
    checks = []
    for test in table.tests:
        if test.kind not in MAPPING:
            raise UserError(
                f"The data test {test.kind} of {table.label} has no expectation: add it to MAPPING "
                "in tutormax/validate/mapping.py."
            )
        checks.append(MAPPING[test.kind](table, test))
    return checks


def _not_null(table: TableContract, test: DataTest) -> Check:
    column = _column(test)
    return Check(
        table,
        test.kind,
        (column,),
        "a value",
        "expect_column_values_to_not_be_null",
        {"column": column},
        broken=f"{quote(column)} is null",
    )


def _accepted_values(table: TableContract, test: DataTest) -> Check:
    column, values = _column(test), list(test.arguments["values"])
    literals = ", ".join(map(_literal, values))
    return Check(
        table,
        test.kind,
        (column,),
        f"one of {', '.join(map(str, values))}",
        "expect_column_values_to_be_in_set",
        {"column": column, "value_set": values},
        broken=f"{quote(column)} not in ({literals})",
    )


def _in_range(table: TableContract, test: DataTest) -> Check:
    column = _column(test)
    low, high = test.arguments.get("min_value"), test.arguments.get("max_value")
    outside = [
        f"{quote(column)} {sign} {bound}"
        for sign, bound in (("<", low), (">", high))
        if bound is not None
    ]
    return Check(
        table,
        test.kind,
        (column,),
        between_words(low, high),
        BETWEEN,
        {"column": column, "min_value": low, "max_value": high},
        broken=" or ".join(outside),
    )


def _unique(table: TableContract, test: DataTest) -> Check:
    return _unique_columns(table, test, (_column(test),))


def _unique_together(table: TableContract, test: DataTest) -> Check:
    return _unique_columns(table, test, tuple(test.arguments["columns"]))


def _unique_columns(table: TableContract, test: DataTest, columns: tuple[str, ...]) -> Check:
    names = _listed(columns)
    # Like dbt's test: a single column may be null in many rows.
    present = f"where {names} is not null" if len(columns) == 1 else ""
    twice = f"from {table.sql} {present} group by {names} having count(*) > 1"
    return Check(
        table,
        test.kind,
        columns,
        "no two rows alike",
        BETWEEN,
        {"column": number_name(test.kind, columns), "max_value": 0},
        query=f"select count(*) from (select {names} {twice}) as copies",
        broken=f"({names}) in (select {names} {twice})",
        observed="keys that stand twice: {value:,.0f}",
    )


def _relationships(table: TableContract, test: DataTest) -> Check:
    column, field, to = _column(test), test.arguments["field"], test.arguments["to"]
    orphan = (
        f"children.{quote(column)} is not null and not exists (select 1 from {to} as parents "
        f"where parents.{quote(field)} = children.{quote(column)})"
    )
    return Check(
        table,
        test.kind,
        (column,),
        f"a {field} of {to.replace(chr(34), '')}",
        BETWEEN,
        {"column": number_name(test.kind, (column,)), "max_value": 0},
        query=f"select count(*) from {table.sql} as children where {orphan}",
        broken=orphan,
        observed=MISFITS,
    )


def _rows_conserved(table: TableContract, test: DataTest) -> Check:
    source, rejected = test.arguments["source_table"], test.arguments["rejected"]
    arrived = (
        f"(select count(*) from raw.{quote(source)}) + (select count(*) from raw.unreadable_rows "
        f"where source_table = '{source}')"
    )
    accounted = (
        f"(select count(*) from {table.sql}) + (select count(*) from {rejected} "
        f"where source_table = '{source}')"
    )
    return _same(
        table,
        test,
        "all rows of raw here or rejected (`dbt build` puts them there)",
        arrived,
        accounted,
    )


def _same_row_count(table: TableContract, test: DataTest) -> Check:
    other = test.arguments["other"]
    return _same(
        table,
        test,
        f"as many rows as {other.replace(chr(34), '')}",
        f"(select count(*) from {other})",
        f"(select count(*) from {table.sql})",
    )


def _row_count_is(table: TableContract, test: DataTest) -> Check:
    rows = test.arguments["rows"]
    return _same(table, test, f"{rows} rows", str(rows), f"(select count(*) from {table.sql})")


def _same(table: TableContract, test: DataTest, expected: str, wanted: str, found: str) -> Check:
    return Check(
        table,
        test.kind,
        (),
        expected,
        BETWEEN,
        {"column": number_name(test.kind, ()), "min_value": 0, "max_value": 0},
        query=f"select {found} - ({wanted})",
        observed="there are {value:+,.0f}",
    )


def number_name(rule: str, columns: Iterable[str]) -> str:
    """The name of a number in a frame of numbers, unlike any column of a table."""
    return " ".join((*columns, rule, "number"))


def between_words(low: object, high: object) -> str:
    """`0 to 5`, `at least 0` or `at most 5`."""
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"


def _column(test: DataTest) -> str:
    if test.column is None:
        raise UserError(f"The data test {test.kind} stands at a table and needs a column.")
    return test.column


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(map(quote, columns))


def _literal(value: object) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


MAPPING: dict[str, Mapped] = {
    "not_null": _not_null,
    "unique": _unique,
    "unique_together": _unique_together,
    "accepted_values": _accepted_values,
    "in_range": _in_range,
    "relationships": _relationships,
    "rows_conserved": _rows_conserved,
    "same_row_count": _same_row_count,
    "row_count_is": _row_count_is,
}
"""The kinds of data tests, as their names stand in the YAML."""
