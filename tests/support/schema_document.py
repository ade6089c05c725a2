"""What docs/tutormax_schema.md promises, read from its boxes, statements and lists."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from support.project import REPOSITORY

DOCUMENT = (REPOSITORY / "docs" / "tutormax_schema.md").read_text()

ENUM_COLUMNS = {
    "TutorStatus": ("tutors", "status"),
    "BehavioralArchetype": ("tutors", "behavioral_archetype"),
    "SessionType": ("sessions", "session_type"),
    "PerformanceTier": ("tutor_performance_metrics", "performance_tier"),
    "MetricWindow": ("tutor_performance_metrics", "window"),
    "RiskLevel": ("churn_predictions", "risk_level"),
    "InterventionType": ("interventions", "intervention_type"),
    "InterventionStatus": ("interventions", "status"),
    "InterventionOutcome": ("interventions", "outcome"),
}
"""The document lists the enums apart from the columns that hold them."""

ADDED = {"churn_predictions": {"silent_days": "integer"}}
"""Columns that the project adds after the document's own, by table."""

_TYPES = {
    "TIMESTAMP": "timestamp with time zone",
    "FLOAT": "double precision",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "TEXT": "text",
    "JSONB": "jsonb",
    "VARCHAR[]": "character varying[]",
}
_BOX = re.compile(r"┌─{69}┐\n│ +([A-Z_]+) +│\n├─{69}┤\n(.*?)└", re.S)
_COLUMN = re.compile(
    r"(?:PK: |FK: )?(?P<name>\w+) "
    r"(?:(?P<type>[A-Z]+(?:\(\d+\)|\[\])?)|→ (?P<parent>\w+)\.(?P<parent_column>\w+))"
    r"(?P<unique> UNIQUE)?(?: \((?P<note>[^)]*)\))?(?: \[(?P<values>[^]]*)\])?"
)


@dataclass(frozen=True)
class ForeignKey:
    column: str
    parent: str
    parent_column: str
    cascades: bool


@dataclass
class Table:
    """One box: columns in order with their types as PostgreSQL names them."""

    columns: dict[str, str] = field(default_factory=dict)
    primary_key: str = ""
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    unique: set[str] = field(default_factory=set)
    ranges: dict[str, tuple[int, int]] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)
    """The values that the box itself lists, if it lists all."""


@dataclass(frozen=True)
class Index:
    table: str
    columns: tuple[str, ...]
    unique: bool


def tables() -> dict[str, Table]:
    """All tables by name, built or not."""
    found = {name.lower(): _table(body) for name, body in _BOX.findall(DOCUMENT)}
    for table in found.values():
        for key in table.foreign_keys:
            table.columns[key.column] = found[key.parent].columns[key.parent_column]
    return found


def indexes() -> dict[str, Index]:
    """The CREATE INDEX statements by the name of the index."""
    statements = re.findall(r"CREATE (UNIQUE )?INDEX (\w+) ON (\w+)\(([\w, ]+)\);", DOCUMENT)
    assert len(statements) == DOCUMENT.count("INDEX ix_")
    return {
        name: Index(table, tuple(re.split(", *", columns)), bool(unique))
        for unique, name, table, columns in statements
    }


def named_foreign_keys() -> dict[str, tuple[str, ForeignKey]]:
    """The ALTER TABLE statements by the name of the constraint, with the table altered."""
    statements = re.findall(
        r"ALTER TABLE (\w+)\s+ADD CONSTRAINT (\w+)\s+"
        r"FOREIGN KEY \((\w+)\) REFERENCES (\w+)\((\w+)\)( ON DELETE CASCADE)?;",
        DOCUMENT,
    )
    assert len(statements) == DOCUMENT.count("ADD CONSTRAINT")
    return {
        name: (table, ForeignKey(column, parent, parent_column, bool(cascades)))
        for table, name, column, parent, parent_column, cascades in statements
    }


def enums() -> dict[str, list[str]]:
    """The enums by their name in the document."""
    (block,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.S)
    return {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(block).body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }


def sample_queries() -> dict[str, str]:
    """The sample queries by their titles."""
    section = DOCUMENT.split("## Sample Queries")[1].split("\n## ")[0]
    return dict(re.findall(r"### ([^\n]+)\n```sql\n(.*?)```", section, re.S))


def _table(body: str) -> Table:
    table = Table()
    for line in body.splitlines():
        text = line.strip("│ ")
        if text.startswith("["):  # the values of the column before, none of them complete
            assert "etc." in text, text
            continue
        match = _COLUMN.fullmatch(text)
        assert match, text
        name, note = match["name"], match["note"]
        table.columns[name] = _type(match["type"]) if match["type"] else ""
        if text.startswith("PK: "):
            table.primary_key = name
        if match["parent"]:
            table.foreign_keys.append(
                ForeignKey(name, match["parent"], match["parent_column"], note == "CASCADE")
            )
        if match["unique"]:
            table.unique.add(name)
        if note and re.fullmatch(r"\d+-\d+", note):
            low, high = note.split("-")
            table.ranges[name] = (int(low), int(high))
        if match["values"] and "etc." not in match["values"]:
            table.values[name] = match["values"].split(", ")
    return table


def _type(word: str) -> str:
    if word.startswith("VARCHAR("):
        return word.replace("VARCHAR", "character varying")
    return _TYPES[word]
