"""The GitHub workflows: what they run is fixed, and may do no more than it needs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.project import REPOSITORY

WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_and_may_only_read(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"]), step
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_workflows_run_what_make_makes() -> None:
    known = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE)
    targets = set()
    for path in WORKFLOWS:
        assert "secrets." not in path.read_text()
        workflow = yaml.safe_load(path.read_text())
        run = "\n".join(step.get("run", "") for step in steps(workflow))
        targets |= set(" ".join(re.findall(r"^make ([a-z -]+)$", run, flags=re.MULTILINE)).split())
        for job in workflow["jobs"].values():
            matrix = job.get("strategy", {}).get("matrix", {})
            targets |= set(matrix.get("target", ()))
            targets |= {one["target"] for one in matrix.get("include", ())}
    wanted = {"lint", "test", "test-deep", "build", "ci-slim", "check-contracts", "reports", "docs"}
    assert wanted <= targets <= set(known)
