"""Validation of test warehouses in this process: the lines and the names of what is broken."""

from __future__ import annotations

from support.project import environment
from support.warehouses import Warehouse
from tutormax.validate.checks import Result
from tutormax.validate.run import validate_contracts
from tutormax.validate.tables import read_contracts
from tutormax.warehouse import Target


def validated(warehouse: Warehouse) -> list[Result]:
    """The results of every check of a warehouse."""
    with environment(warehouse.environment):
        return validate_contracts(read_contracts(warehouse.manifest), Target(warehouse.target))


def broken(results: list[Result]) -> dict[str, Result]:
    """The broken expectations by name."""
    return {result.check.name: result for result in results if not result.success}
