"""The constraints of dbt models as data tests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tutormax.errors import UserError

OF_CONSTRAINTS = "constraints_hold"
"""The data test that checks constraints where the engine does not enforce them."""

_VALUES = re.compile(r'"?\w+"? in \((.+)\)')
_BOUNDS = re.compile(r'"?\w+"? between (\S+) and (\S+)')


class ConstraintTest(NamedTuple):
    """A data test that fails if a constraint is broken."""

    kind: str
    column: str | None
    arguments: Mapping[str, Any]


def tests_of_constraints(model: Mapping[str, Any]) -> list[ConstraintTest]:
    """Tests of the contract and unique indexes of a model; `model` is a node as JSON.

    Raises:
        UserError: no data test can express a check.
    """
    tests: list[ConstraintTest] = []
    for constraint in constraints_of(model):
        tests += [test for test in _tests(model, constraint) if test not in tests]
    return tests


def constraints_of(model: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each constraint with its columns, like the macro of the same name."""
    yield from model["constraints"]
    for column in model["columns"].values():
        for constraint in column["constraints"]:
            yield constraint | {"columns": [column["name"]]}
    for name, index in model["config"]["meta"].get("indexes", {}).items():
        if index.get("unique"):
            yield {"type": "unique", "name": name, "columns": index["columns"]}


def _tests(model: Mapping[str, Any], constraint: Mapping[str, Any]) -> Iterator[ConstraintTest]:
    kind, columns = str(constraint["type"]), constraint["columns"]
    if kind in ("unique", "primary_key"):
        if len(columns) > 1:
            yield ConstraintTest("unique_together", None, {"columns": columns})
        else:
            yield ConstraintTest("unique", columns[0], {})
    if kind in ("not_null", "primary_key"):
        for column in columns:
            yield ConstraintTest("not_null", column, {})
    if kind == "foreign_key":
        for column, field in zip(columns, constraint["to_columns"], strict=True):
            arguments = {"to": constraint["to"], "field": field}
            yield ConstraintTest("relationships", column, arguments)
    if kind == "check":
        yield _test_of_check(model, columns[0], constraint["expression"])


def _test_of_check(model: Mapping[str, Any], column: str, expression: str) -> ConstraintTest:
    if values := _VALUES.fullmatch(expression):
        named = re.findall(r"'((?:[^']|'')*)'", values[1])
        return ConstraintTest(
            "accepted_values", column, {"values": [value.replace("''", "'") for value in named]}
        )
    if bounds := _BOUNDS.fullmatch(expression):
        low, high = (float(bound) if "." in bound else int(bound) for bound in bounds.groups())
        return ConstraintTest("in_range", column, {"min_value": low, "max_value": high})
    raise UserError(
        f"The check of {model['name']}.{column} cannot be read: write `{column} in ('a', 'b')` "
        f"or `{column} between 0 and 1`, or teach tutormax/constraints.py."
    )
