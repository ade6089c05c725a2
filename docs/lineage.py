"""Writes from dbt's manifest which model reads which: images/lineage.svg and architecture.md.

`make lineage` writes both, `make lint` checks them (--check). Models in folders without a column
here and edges that a longer path implies are left out; the picture leaves out seeds as well.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

COLUMNS = (
    ("raw",),
    ("staging.tutormax",),
    ("core",),
    ("intermediate.activity",),
    ("marts.performance", "intermediate.churn", "intermediate.interventions"),
    ("marts.churn",),
    ("marts.interventions",),
)
TITLES = (
    "raw",
    "validated",
    "accepted or rejected",
    "totals and windows",
    "metrics and features",
    "predictions",
    "interventions",
)
COLOURS = {
    "raw": "#8aa0b8",
    "staging": "#3f9c8f",
    "core": "#2b59c3",
    "intermediate": "#d9a514",
    "marts": "#2b59c3",
}
MEANINGS = {
    "raw": "raw",
    "staging": "staging",
    "intermediate": "intermediate",
    "marts": "published",
}
LEFT_OUT = ("core__pending_changes",)
"""All published tables wait for it: its edges would hide the others."""
CLOCK = "int_activity__calculation_dates"
"""Most later models read it: the list names it once."""
DOCS = Path(__file__).parent
PICTURE, PAGE = DOCS / "images" / "lineage.svg", DOCS / "architecture.md"
BEGIN, END = "<!-- lineage -->\n", "<!-- /lineage -->"
GAP, ROW, HEIGHT, CHARACTER, MARGIN, TOP = 60, 34, 24, 7.0, 20, 80
ROUNDS = 24

Manifest = dict[str, Any]

STYLE = """
svg { background: #ffffff; font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; }
text { fill: #1b2430; } .note { fill: #566172; }
.edge { fill: none; stroke: #9aa7b8; stroke-width: 1.1; }
.node { fill: #f5f6f8; stroke: #d5dae2; }
"""


def read(known: Manifest, left_out: Sequence[str]) -> tuple[dict[str, str], dict[str, set[str]]]:
    """The folder of each node, and what each reads."""
    shown = {folder for folders in COLUMNS for folder in folders}
    folders = {key: "raw" for key, node in known["sources"].items() if node["schema"] == "raw"}
    folders |= {
        key: ".".join(node["fqn"][1:-1])
        for key, node in known["nodes"].items()
        if node["resource_type"] == "model" and node["name"] not in left_out
        if ".".join(node["fqn"][1:-1]) in shown
    }
    reads = {
        key: {parent for parent in known["parent_map"].get(key, []) if parent in folders}
        for key in folders
    }
    return folders, reads


def ranks(folders: dict[str, str]) -> dict[str, int]:
    """The column of each node."""
    return {
        key: next(index for index, column in enumerate(COLUMNS) if folder in column)
        for key, folder in folders.items()
    }


def reduced(reads: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The edges that no longer way implies."""
    above: dict[str, set[str]] = {}

    def ancestors(key: str) -> set[str]:
        if key not in above:
            above[key] = reads[key].union(*(ancestors(parent) for parent in reads[key]))
        return above[key]

    return sorted(
        (parent, key)
        for key, parents in reads.items()
        for parent in parents
        if not any(parent in ancestors(other) for other in parents - {parent})
    )


def rows(columns: dict[int, list[str]], edges: list[tuple[str, str]]) -> dict[str, float]:
    """The height of each node, near those it is tied to."""
    near: dict[str, list[str]] = defaultdict(list)
    for parent, child in edges:
        near[parent].append(child)
        near[child].append(parent)
    place = {
        key: index - len(keys) / 2 for keys in columns.values() for index, key in enumerate(keys)
    }
    for _ in range(ROUNDS):
        for keys in columns.values():
            wish = {
                key: sum(place[other] for other in near[key]) / len(near[key])
                if near[key]
                else place[key]
                for key in keys
            }
            keys.sort(key=lambda key: (wish[key], key))
            heights = [wish[key] for key in keys]
            for index in range(1, len(keys)):
                heights[index] = max(heights[index], heights[index - 1] + 1)
            shift = sum(heights) / len(keys) - sum(wish.values()) / len(keys)
            place |= {key: height - shift for key, height in zip(keys, heights, strict=True)}
    top = min(place.values())
    return {key: height - top for key, height in place.items()}


def label(key: str) -> str:
    """A name without what its layer says already."""
    name = key.rsplit(".", maxsplit=1)[-1]
    topic, _, what = name.rpartition("__")
    is_bare = topic.startswith("int_") and "_" not in what
    return f"{topic.removeprefix('int_')}_{what}" if is_bare else what


def draw(folders: dict[str, str], reads: dict[str, set[str]]) -> str:
    """The picture as SVG."""
    rank = ranks(folders)
    columns: dict[int, list[str]] = defaultdict(list)
    for key in sorted(folders):
        columns[rank[key]].append(key)
    edges = reduced(reads)
    row = rows(columns, edges)
    left, x = MARGIN, {}
    widths = {c: max(len(label(k)) for k in keys) * CHARACTER + 26 for c, keys in columns.items()}
    for column in sorted(columns):
        x[column] = left
        left += widths[column] + GAP
    width = left - GAP + MARGIN + 20
    height = TOP + max(row.values()) * ROW + HEIGHT + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
        f"<title>Lineage: which model reads which</title><style>{STYLE}</style>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
    ]
    for index, layer in enumerate(MEANINGS):
        colour = COLOURS[layer]
        at = MARGIN + 120 * index
        parts.append(f'<rect x="{at}" y="18" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text class="note" x="{at + 16}" y="27">{MEANINGS[layer]}</text>')
    for column in sorted(columns):
        parts.append(
            f'<text class="note" x="{x[column]:.1f}" y="{TOP - 14}">{TITLES[column]}</text>'
        )
    for parent, child in edges:
        x1 = x[rank[parent]] + widths[rank[parent]]
        x2, bend = x[rank[child]], GAP / 2
        y1, y2 = (TOP + row[key] * ROW + HEIGHT / 2 for key in (parent, child))
        if rank[parent] == rank[child]:
            # An arc beside the column, wider the further it reaches.
            x2, bulge = x1, min(GAP - 6, 14 + 5 * abs(row[child] - row[parent]))
            curve = f"C{x1 + bulge:.1f} {y1:.1f} {x1 + bulge:.1f} {y2:.1f}"
        else:
            curve = f"C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f}"
        parts.append(f'<path class="edge" d="M{x1:.1f} {y1:.1f}{curve} {x2:.1f} {y2:.1f}"/>')
    for key in sorted(folders):
        at, y, wide = x[rank[key]], TOP + row[key] * ROW, widths[rank[key]]
        colour = COLOURS[folders[key].split(".")[0]]
        parts.append(
            f'<rect class="node" x="{at:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{HEIGHT}" rx="4"/>'
            f'<rect x="{at:.1f}" y="{y:.1f}" width="4" height="{HEIGHT}" fill="{colour}"/>'
            f'<text x="{at + 13:.1f}" y="{y + 16:.1f}">{escape(label(key))}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def listed(known: Manifest) -> str:
    """The models folder by folder: by what each is recomputed, and what it reads."""
    folders, _ = read(known, ())
    reads: dict[str, set[str]] = {
        key: {one for one in parents if name(one) not in (*LEFT_OUT, CLOCK)}
        for key, parents in known["parent_map"].items()
    }
    members = {
        folder: {key for key in folders if folders[key] == folder} for folder in folders.values()
    }
    lines = []
    layers = ("staging", "core", "intermediate", "marts")
    folders_in_order = [folder for column in COLUMNS[1:] for folder in column if folder in members]
    for folder in sorted(folders_in_order, key=lambda folder: layers.index(folder.split(".")[0])):
        lines.append(f"models/{folder.replace('.', '/')}")
        for key in sorted(members[folder], key=lambda key: (depth(key, reads), key)):
            parents = reads[key]
            whole = [one for one, keys in members.items() if len(keys) > 1 and keys <= parents]
            shown = [f"all of {one.split('.')[0]}" for one in whole]
            shown += sorted(name(one) for one in parents if folders.get(one) not in whole)
            unit = known["nodes"][key]["config"]["meta"].get("recompute", {"by": "every build"})
            by = [unit["by"], unit.get("lookback", ""), "expires" if unit.get("expires") else ""]
            lines.append(f"  {name(key):<36}{', '.join(filter(None, by)):<31}<- {', '.join(shown)}")
    return "\n".join(["```text", *lines, "```", ""])


def depth(key: str, reads: dict[str, set[str]]) -> int:
    """The number of nodes on the longest path to a node."""
    return 1 + max((depth(parent, reads) for parent in reads[key]), default=0)


def name(key: str) -> str:
    """A node as people name it: a source with its schema, a seed as one."""
    kind, *_, schema, table = key.split(".")
    place = {"load": "raw"}.get(schema, schema)
    return {"source": f"{place}.{table}", "seed": f"{table} (seed)"}.get(kind, table)


def page(known: Manifest) -> str:
    """The page with the list between its marks."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    return before + BEGIN + listed(known) + END + rest.split(END)[1]


if __name__ == "__main__":
    manifest, *options = sys.argv[1:]
    known = json.loads(Path(manifest).read_text(encoding="utf-8"))
    texts = {PICTURE: draw(*read(known, LEFT_OUT)), PAGE: page(known)}
    for path, text in texts.items():
        if "--check" not in options:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.relative_to(DOCS.parent)} is out of date: run `make lineage`.")
