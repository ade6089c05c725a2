"""The compiled SQL of every model, run one after the other on one DuckDB connection."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import duckdb


def replay(folder: Path, warehouse: Path) -> float:
    """Seconds of the SQL that the last build compiled; that must have been a full one.

    The results go to a database of their own; what a model reads is what dbt built.
    """
    manifest = json.loads((folder / "target" / "manifest.json").read_text())
    copies = folder / "replay.duckdb"
    seconds = 0.0
    with duckdb.connect(str(warehouse)) as con:
        con.execute(f"set threads = {os.cpu_count()}")
        con.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        con.execute(f"attach '{copies}' as replay")
        for node in manifest["nodes"].values():
            if node["resource_type"] != "model":
                continue
            compiled = folder / "target" / "compiled" / "tutormax" / node["original_file_path"]
            start = time.perf_counter()
            con.execute(f"create table replay.{node['name']} as {compiled.read_text()}")
            seconds += time.perf_counter() - start
    copies.unlink()
    return seconds
