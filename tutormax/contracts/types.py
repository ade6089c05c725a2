"""Types of columns in contracts, and whether one can hold the values of another."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_LOGICAL_TYPES = {
    "varchar": "string",
    "text": "string",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "double precision": "number",
    "decimal": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp with time zone": "timestamp",
    "jsonb": "object",
}
_INTEGERS = ("smallint", "integer", "bigint")


class _Type(NamedTuple):
    name: str
    sizes: tuple[int, ...]


def logical_type(data_type: str) -> dict[str, Any]:
    """The properties logicalType, physicalType and, if needed, logicalTypeOptions and items."""
    if data_type.endswith("[]"):
        items = logical_type(data_type.removesuffix("[]"))
        return {"logicalType": "array", "physicalType": data_type, "items": items}
    kind = _parsed(data_type)
    logical = _LOGICAL_TYPES[kind.name]
    result: dict[str, Any] = {"logicalType": logical, "physicalType": data_type}
    if logical == "string" and kind.sizes:
        result["logicalTypeOptions"] = {"maxLength": kind.sizes[0]}
    if logical == "timestamp":
        result["logicalTypeOptions"] = {"timezone": True, "defaultTimezone": "UTC"}
    return result


def holds(wide: str, narrow: str) -> bool:
    """Whether every value of type `narrow` is one of `wide` with the same meaning."""
    if wide == narrow:
        return True
    if wide.endswith("[]") and narrow.endswith("[]"):
        return holds(wide.removesuffix("[]"), narrow.removesuffix("[]"))
    outer, inner = _parsed(wide), _parsed(narrow)
    if outer.name in _INTEGERS and inner.name in _INTEGERS:
        return _INTEGERS.index(outer.name) >= _INTEGERS.index(inner.name)
    if {outer.name, inner.name} <= {"varchar", "text"}:
        return not outer.sizes or (bool(inner.sizes) and outer.sizes[0] >= inner.sizes[0])
    if outer.name == inner.name == "decimal" and len(outer.sizes) == len(inner.sizes) == 2:
        (digits, scale), (inner_digits, inner_scale) = outer.sizes, inner.sizes
        return scale >= inner_scale and digits - scale >= inner_digits - inner_scale
    return False


def _parsed(data_type: str) -> _Type:
    name, _, sizes = data_type.lower().partition("(")
    return _Type(name.strip(), tuple(int(size) for size in re.findall(r"\d+", sizes)))
