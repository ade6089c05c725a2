"""Changes of contracts, as edits of a parsed project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Change = Callable[[dict[str, Any]], None]
"""Changes the models of a manifest, by name."""


def typed(model: str, column: str, data_type: str, expression: str = "") -> Change:
    """The contract, and the query if need be, give a column another type."""

    def change(models: dict[str, Any]) -> None:
        models[model].columns[column].data_type = data_type
        if expression:
            selected(models[model], column, f"{expression} as {column}")

    return change


def selected(node: Any, column: str, *expressions: str) -> None:
    """The last select of a column becomes that of other expressions."""
    line = f"        {column},\n"
    assert line in node.raw_code
    before, after = node.raw_code.rsplit(line, 1)
    node.raw_code = before + "".join(f"        {one},\n" for one in expressions) + after
    node.checksum.checksum += " ".join(expressions)


def without(model: str, column: str) -> Change:
    """The model does not have the column any more."""

    def change(models: dict[str, Any]) -> None:
        del models[model].columns[column]
        selected(models[model], column)

    return change


def constrained(model: str, column: str, *constraints: dict[str, Any]) -> Change:
    """A column has other constraints."""

    def change(models: dict[str, Any]) -> None:
        kind = type(models["tutors"].columns["email"].constraints[0])
        models[model].columns[column].constraints = [kind.from_dict(one) for one in constraints]

    return change


def with_channel(models: dict[str, Any]) -> None:
    """Sessions have one more column, in the middle of the contract."""
    node = models["sessions"]
    added = type(node.columns["subject"])(name="channel", data_type="varchar(20)")
    before = dict(node.columns)
    node.columns.clear()
    for name, column in before.items():
        node.columns |= {name: column} | ({"channel": added} if name == "subject" else {})
    selected(node, "subject", "subject", "cast('web' as varchar(20)) as channel")


def failing(model: str) -> Change:
    """The model fails when its table is altered and filled, before it is committed."""

    def change(models: dict[str, Any]) -> None:
        hook = type(models[model].config.post_hook[0])
        models[model].config.post_hook.append(hook("select no_such_function()"))

    return change


WIDER: tuple[Change, ...] = (
    typed("sessions", "subject", "varchar(300)"),
    typed("sessions", "duration_minutes", "bigint", "cast(duration_minutes as bigint)"),
    typed("tutors", "education_level", "text"),
    constrained("sessions", "subject"),
    constrained("sessions", "session_type", {"type": "check", "expression": "session_type <> 'x'"}),
    constrained("tutor_performance_metrics", "no_show_count"),
    with_channel,
)
"""Changes that a standing table follows."""
