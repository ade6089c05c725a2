"""Validation of test warehouses in this process: the lines and the names of what is broken."""

from __future__ import annotations

from collections.abc import Mapping

from dbt.contracts.graph.manifest import Manifest

from support.warehouses.duckdb import environment
from tutormax.validate.checks import Result
from tutormax.validate.run import validate_contracts
from tutormax.validate.tables import read_contracts
from tutormax.warehouse import Target


def validated(manifest: Manifest, target: str, env: Mapping[str, str]) -> list[Result]:
    """The results of every check of the warehouse that the variables name."""
    with environment(env):
        return validate_contracts(read_contracts(manifest), Target(target))


def broken(results: list[Result]) -> dict[str, Result]:
    """The broken expectations by name."""
    return {result.check.name: result for result in results if not result.success}
