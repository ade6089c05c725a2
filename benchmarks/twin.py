"""The empty twin: a dbt project with as many nodes as this one, each of them `select 1`.

What a build of it takes is dbt's own share of a build with nothing new.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from builds import EVERYTHING, WITHOUT_TESTS
from commands import BIN, Cost, run

PROFILE = """
twin:
  target: duckdb
  outputs:
    duckdb: {type: duckdb, path: "{{ env_var('TWIN') }}", threads: 2}
"""


def write_twin(manifest: Path, folder: Path) -> Counter[str]:
    """Write the twin of a project into a folder; returns its nodes by kind.

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
    return nodes


def measure_twin(manifest: Path, folder: Path) -> dict[Sequence[str], Cost]:
    """What a second build of the twin takes, with tests and without.

    Args:
        manifest: the `manifest.json` of the project.
        folder: for the twin's files; emptied first.
    """
    shutil.rmtree(folder, ignore_errors=True)
    write_twin(manifest, folder)
    words = ("--project-dir", str(folder), "--profiles-dir", str(folder))
    env = {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}
    env["TWIN"] = str(folder / "warehouse.duckdb")
    run([str(BIN / "dbt"), *EVERYTHING, *words], env)
    return {
        kind: run([str(BIN / "dbt"), *kind, *words], env) for kind in (WITHOUT_TESTS, EVERYTHING)
    }
