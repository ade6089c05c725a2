"""`tutormax` alone, and its version."""

from __future__ import annotations

import subprocess
import sys

from typer.testing import CliRunner
from yaml import safe_load

from support.project import REPOSITORY
from tutormax.cli import commands


def test_tutormax_alone_shows_what_it_can_do() -> None:
    result = CliRunner().invoke(commands, [])
    assert result.exit_code == 0
    assert result.output == CliRunner().invoke(commands, ["--help"]).output
    for command in ("load", "summary", "erase", "postgres"):
        assert command in result.output


def test_the_version_is_that_of_the_project() -> None:
    result = CliRunner().invoke(commands, ["--version"])
    assert result.exit_code == 0
    project = safe_load((REPOSITORY / "dbt_project.yml").read_text())
    assert result.output == f"tutormax {project['version']}\n"


def test_help_does_not_wait_for_what_only_some_commands_import() -> None:
    heavy = {
        "alembic",
        "dbt",
        "great_expectations",
        "numpy",
        "pandas",
        "pyarrow",
        "scipy",
        "sklearn",
    }
    command = f"import sys, tutormax.cli; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", command], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == []
