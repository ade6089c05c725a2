"""Writes the tables of your-data.md and privacy.md: columns, why rows are rejected, privacy classes.

`make your-data` writes them from dbt's manifest, the loader's declarations and the rules of
staging; `make lint` checks them (--check).
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from tutormax.load.columns import REQUIRED, kinds
from tutormax.operations.project import project_vars
from tutormax.schema import SOURCE_TABLES

DOCS = Path(__file__).parent
COMMON = ("created_at", "updated_at", "_loaded_at")
"""Columns of most tables: listed once."""
LIMITS = {
    r"'\w+_too_long': is_too_long\('(\w+)', (\d+)\)": "up to {} characters",
    r"'\w+_out_of_range': is_outside\('(\w+)', (\d+), (\d+)\)": "{} to {}",
    r"'\w+_out_of_range': '(\w+) < (\d+)'": "{} or more",
    r"'\w+_too_early': \"(\w+) < \" ~ utc_midnight\(\"date '([\d-]+)'\"\)": "not before {}",
    r"'\w+_not_in_enum': is_not_in_enum\('(\w+)', '(\w+)'\)": "one of",
}
LIMITED = re.compile(r"'\w+_(?:too_long|out_of_range|too_early|not_in_enum)':")

Manifest = dict[str, Any]


def limits(sql: str, enums: dict[str, list[str]]) -> dict[str, tuple[str, list[str]]]:
    """What the rules of a staging model allow in a column: a phrase, and the values in it."""
    found: dict[str, tuple[str, list[str]]] = {}
    for pattern, phrase in LIMITS.items():
        for column, *values in re.findall(pattern, sql):
            shown = enums[values[0]] if phrase == "one of" else values
            text = f"one of {', '.join(shown)}" if phrase == "one of" else phrase.format(*shown)
            found[column] = (text, shown)
    if len(found) != len(LIMITED.findall(sql)):
        sys.exit("A rule has a form that docs/your_data.py cannot read: add it to LIMITS.")
    return found


def rows(table: Table, known: Manifest, enums: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Name and line of each column; a limit that its description gives already is left out."""
    described = known["sources"][f"source.tutormax.raw.{table.name}"]["columns"]
    sql = known["nodes"][f"model.tutormax.stg_tutormax__{table.name}"]["raw_code"]
    allowed = limits(sql, enums)
    for name, kind in kinds(table).items():
        text = " ".join(described[name]["description"].split())
        phrase, values = allowed.get(name, ("", []))
        is_new = not all(re.search(rf"\b{re.escape(value)}\b", text) for value in values)
        shown = f"**`{name}`**" if name in REQUIRED[table.name] else f"`{name}`"
        type_ = kind.name.lower() + (f", {phrase}" if is_new else "")
        yield name, f"| {shown} | {type_} | {text} |"


def columns(known: Manifest) -> str:
    """A table of columns for each source, and one for what most sources have."""
    enums = project_vars()["enums"]
    listed = {t.name: dict(rows(t, known, enums)) for t in SOURCE_TABLES}
    heading = ["| column | type | what it is |", "| --- | --- | --- |"]
    lines = []
    for table, lines_of in listed.items():
        own = [line for name, line in lines_of.items() if name not in COMMON]
        lines += [f"### {table}", "", *heading, *own, ""]
    lines += ["### In every table", "", *heading]
    for name in COMMON:
        without = [table for table, lines_of in listed.items() if name not in lines_of]
        line = next(lines_of[name] for lines_of in listed.values() if name in lines_of)
        lines.append(line[:-2] + (f" Not in {', '.join(without)}. |" if without else " |"))
    return "\n".join([*lines, ""])


def privacy_classes(known: Manifest) -> str:
    """A table of the classes, with the columns of each by table."""
    classes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for node in (*known["nodes"].values(), *known["sources"].values()):
        for name, column in node["columns"].items():
            privacy = column["config"].get("meta", {}).get("privacy", "none")
            if privacy != "none":
                classes[privacy][node.get("alias") or node["name"]].append(name)
    lines = ["| class | columns |", "| --- | --- |"]
    for privacy in ("identifier", "personal", "free_text", "label", "quasi_identifier"):
        held = (
            f"`{table}`: {', '.join(names)}" for table, names in sorted(classes.pop(privacy).items())
        )
        lines.append(f"| {privacy} | {'; '.join(held)} |")
    if classes:
        sys.exit(f"docs/privacy.md does not explain the privacy class {', '.join(classes)}.")
    return "\n".join([*lines, ""])


def filled(page: Path, contents: dict[str, str]) -> str:
    """The page, with contents between its marks."""
    text = page.read_text(encoding="utf-8")
    for mark, content in contents.items():
        begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
        before, rest = text.split(begin)
        text = before + begin + content + end + rest.split(end)[1]
    return text


if __name__ == "__main__":
    manifest, *options = sys.argv[1:]
    known = json.loads(Path(manifest).read_text(encoding="utf-8"))
    reasons = known["docs"]["doc.tutormax.rejection_reasons"]["block_contents"].strip() + "\n"
    for page, contents in {
        DOCS / "your-data.md": {"columns": columns(known), "reasons": reasons},
        DOCS / "privacy.md": {"classes": privacy_classes(known)},
    }.items():
        made = filled(page, contents)
        if "--check" not in options:
            page.write_text(made, encoding="utf-8")
        elif page.read_text(encoding="utf-8") != made:
            sys.exit(f"{page.relative_to(DOCS.parent)} is out of date: run `make your-data`.")
