"""The empty twin: a dbt project with as many nodes as this one, each of them `select 1`.

What a build of it takes is dbt's own share of a build with nothing new.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from builds import EVERYTHING, WITHOUT_TESTS, dbt_build
from commands import BIN, run

PROFILE = """
twin:
  target: duckdb
  outputs:
    duckdb: {type: duckdb, path: "{{ env_var('TWIN') }}", threads: 2}
"""


def write_twin(manifest: Path, folder: Path) -> None:
    """Write the twin of a project into a folder.

    Args:
        manifest: the `manifest.json` of the project.
        folder: becomes the twin's project folder.
    """
    nodes: Counter[str] = Counter()
    for name in ("models", "seeds", "tests"):
        (folder / name).mkdir(parents=True)
    (folder / "profiles.yml").write_text(PROFILE)
    (folder / "dbt_project.yml").write_text(
        "name: twin\nprofile: twin\nflags: {send_anonymous_usage_stats: false}\n"
    )
    for node in json.loads(manifest.read_text())["nodes"].values():
        kind = node["resource_type"]
        nodes[kind] += 1
        name = f"{kind}_{nodes[kind]}"
        if kind == "model":
            materialized = "view" if "view" in node["config"]["materialized"] else "table"
            text = f"{{{{ config(materialized='{materialized}') }}}}\nselect 1 as one\n"
            (folder / "models" / f"{name}.sql").write_text(text)
        elif kind == "seed":
            (folder / "seeds" / f"{name}.csv").write_text("one\n1\n")
        elif kind == "test":
            (folder / "tests" / f"{name}.sql").write_text("select 1 as one where false\n")


def beside_twin(folder: Path, env: Mapping[str, str]) -> list[tuple[int, float, float]]:
    """Build a warehouse with nothing new, and its twin, in turn: without data tests and with them.

    Args:
        folder: where the last build of the warehouse left its files; the twin's go there too.
        env: the environment of the warehouse.

    Returns:
        For both the statements of a build, and the seconds of processor of it and of the twin's:
        the least of three.
    """
    place = folder / "twin"
    write_twin(folder / "target" / "manifest.json", place)
    twin = {"DBT_TARGET_PATH": str(place / "target"), "DBT_LOG_PATH": str(place / "logs")}
    twin["TWIN"] = str(place / "warehouse.duckdb")
    words = ("--project-dir", str(place), "--profiles-dir", str(place))
    run([str(BIN / "dbt"), *EVERYTHING, *words], twin)
    paths = {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}
    measured = []
    for kind in (WITHOUT_TESTS, EVERYTHING):
        statements = dbt_build(folder, env, kind).statements
        costs = [
            (
                run([str(BIN / "dbt"), *kind], {**env, **paths}).processor,
                run([str(BIN / "dbt"), *kind, *words], twin).processor,
            )
            for _ in range(3)
        ]
        build, other = (min(column) for column in zip(*costs, strict=True))
        measured.append((statements, build, other))
    return measured
