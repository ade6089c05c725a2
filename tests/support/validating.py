"""Validation of test warehouses in this process: the lines and the names of what is broken."""

from __future__ import annotations

from dataclasses import replace

from support.project import environment
from support.warehouses import Warehouse
from tutormax.validate.checks import Result
from tutormax.validate.run import validate_contracts
from tutormax.validate.tables import read_contracts
from tutormax.warehouse import Target


def validated(warehouse: Warehouse, raw: str | None = None) -> list[Result]:
    """The results of every check of a warehouse, or of those of one table of raw alone."""
    with environment(warehouse.environment):
        contracts = read_contracts(warehouse.manifest)
        if raw:
            tables = tuple(table for table in contracts.raw if table.name == raw)
            contracts = replace(contracts, raw=tables, published=())
        return validate_contracts(contracts, Target(warehouse.target))


def broken(results: list[Result]) -> dict[str, Result]:
    """The broken expectations by name."""
    return {result.check.name: result for result in results if not result.success}
