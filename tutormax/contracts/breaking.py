"""Finds changes between two sets of contracts that break what consumers rely on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from tutormax.contracts.types import holds

Contract = dict[str, Any]
Column = dict[str, Any]


def breaking_changes(
    before: Iterable[Contract], after: Iterable[Contract], today: date
) -> list[str]:
    """One sentence for each change that breaks a contract, naming table, column and consumers.

    A model without versions counts as version 1, so that further versions can be added. A version
    can be removed from its deprecation date on.
    """
    now = _by_version(after)
    sentences = []
    for key, old in _by_version(before).items():
        new = now.get(key)
        if new is not None:
            changes = [*_table_changes(old, new)]
        elif _deprecation(old) is None or _deprecation(old) > today.isoformat():
            changes = [" is no longer published"]
        else:
            changes = []
        readers = _consumers(old) | (_consumers(new) if new else set())
        sentences += [f"{_name(old)}{change}{_read_by(readers)}" for change in changes]
    newest = dict(sorted(now))
    sentences += [
        f"{_name(contract)} is followed by version {newest[name]} but has no deprecation_date: "
        "say until when it stays."
        for (name, version), contract in sorted(now.items())
        if version < newest[name] and _deprecation(contract) is None
    ]
    return sentences


def _by_version(contracts: Iterable[Contract]) -> dict[tuple[str, int], Contract]:
    return {(contract["name"], int(contract["version"])): contract for contract in contracts}


def _name(contract: Contract) -> str:
    version = int(contract["version"])
    return str(contract["name"]) if version == 1 else f"{contract['name']} v{version}"


def _property(contract: Contract, name: str) -> Any:
    for item in contract.get("customProperties", []):
        if item["property"] == name:
            return item["value"]
    return None


def _deprecation(contract: Contract) -> Any:
    return _property(contract, "deprecationDate")


def _consumers(contract: Contract) -> set[str]:
    return set(_property(contract, "consumers") or [])


def _read_by(consumers: set[str]) -> str:
    return f"; read by {', '.join(sorted(consumers)) or 'nobody known'}."


def _table_changes(old: Contract, new: Contract) -> Iterator[str]:
    """Changes of a table, as what follows its name in a sentence."""
    (old_table,), (new_table,) = old["schema"], new["schema"]
    if _place(old) != _place(new):
        yield f" moved from {_place(old)} to {_place(new)}"
    if _key(old_table) != _key(new_table):
        yield f" changed its key from {_key(old_table)} to {_key(new_table)}"
    for together in sorted(_unique_together(old_table) - _unique_together(new_table)):
        yield f" may hold the same {together} twice now"
    columns = {column["name"]: column for column in new_table["properties"]}
    for column in old_table["properties"]:
        for change in _column_changes(column, columns.get(column["name"])):
            yield f".{column['name']} {change}"


def _place(contract: Contract) -> str:
    """Schema and table. Contracts without servers have both in the name of the table."""
    schemas = [server["schema"] for server in contract.get("servers", [])]
    return ".".join([*schemas[:1], contract["schema"][0]["physicalName"]])


def _key(table: dict[str, Any]) -> str:
    keys = {
        column["primaryKeyPosition"]: column["name"]
        for column in table["properties"]
        if column.get("primaryKey")
    }
    return ", ".join(keys[position] for position in sorted(keys))


def _unique_together(table: dict[str, Any]) -> set[str]:
    return {
        ", ".join(rule["arguments"]["properties"])
        for rule in table.get("quality", [])
        if rule.get("metric") == "duplicateValues"
    }


def _column_changes(old: Column, new: Column | None) -> Iterator[str]:
    if new is None:
        yield "was removed or renamed"
        return
    if not holds(new["physicalType"], old["physicalType"]):
        yield f"changed its type from {old['physicalType']} to {new['physicalType']}"
    if old["required"] and not new["required"]:
        yield "may be null now"
    if old["unique"] and not new["unique"]:
        yield "may hold a value twice now"
    if new.get("classification") and not old.get("classification"):
        yield f"is {new['classification']} now"
    old_values, new_values = _values(old), _values(new)
    if old_values is not None and new_values is None:
        yield "may hold any value now"
    elif old_values and (dropped := [value for value in old_values if value not in new_values]):
        yield f"lost the value {', '.join(map(str, dropped))}"
    for parent in sorted(_parents(old) - _parents(new)):
        yield f"no longer refers to {parent}"


def _values(column: Column) -> Any:
    for rule in column.get("quality", []):
        if rule.get("metric") == "invalidValues":
            return rule["arguments"]["validValues"]
    return None


def _parents(column: Column) -> set[str]:
    return {relationship["to"] for relationship in column.get("relationships", [])}
