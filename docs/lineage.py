"""Draws docs/images/lineage.svg from dbt's manifest: which model reads which.

Seeds, models without a column here and edges that a longer way implies are left out.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from html import escape
from pathlib import Path

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
    "judged",
    "accepted or rejected",
    "summed by day",
    "measured",
    "predicted",
    "advised",
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
LEFT_OUT = "core__pending_changes"
"""All published tables wait for it: its edges would hide the others."""
GAP, ROW, HEIGHT, CHARACTER, MARGIN, TOP = 60, 34, 24, 7.0, 20, 80
ROUNDS = 24

STYLE = """
svg { background: #ffffff; font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; }
text { fill: #1b2430; } .note { fill: #566172; }
.edge { fill: none; stroke: #9aa7b8; stroke-width: 1.1; }
.node { fill: #f5f6f8; stroke: #d5dae2; }
"""


def read(manifest: Path) -> tuple[dict[str, str], dict[str, set[str]]]:
    """The folder of each node, and what each reads."""
    known = json.loads(manifest.read_text(encoding="utf-8"))
    shown = {folder for folders in COLUMNS for folder in folders}
    folders = {key: "raw" for key, node in known["sources"].items() if node["source_name"] == "raw"}
    folders |= {
        key: ".".join(node["fqn"][1:-1])
        for key, node in known["nodes"].items()
        if node["resource_type"] == "model" and node["name"] != LEFT_OUT
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


if __name__ == "__main__":
    manifest, picture = map(Path, sys.argv[1:])
    picture.write_text(draw(*read(manifest)), encoding="utf-8")
