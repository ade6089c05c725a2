"""A copy of the dbt project, changed as a pull request would change it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from support.project import REPOSITORY

PARTS = ("models", "macros", "seeds", "tests/dbt")


class ProjectFiles:
    """The files of a copy of the dbt project."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in PARTS:
            shutil.copytree(REPOSITORY / name, root / name)
        for name in ("dbt_project.yml", "profiles.yml"):
            shutil.copy(REPOSITORY / name, root)

    def edit(self, name: str, *changes: tuple[str, str]) -> None:
        """Replace texts, each of which must stand there once."""
        path = self.root / name
        text = path.read_text()
        for old, new in changes:
            assert text.count(old) == 1, f"{name} has {text.count(old)} times {old}"
            text = text.replace(old, new)
        path.write_text(text)

    def restore(self, name: str) -> None:
        """Put a file back as it is in the repository."""
        shutil.copy(REPOSITORY / name, self.root / name)

    def add_version(self, model: str, removed: str = "") -> None:
        """Follow docs/production.md, Contracts: version 2 lacks a column."""
        name = Path(model).name
        shutil.copy(self.root / f"{model}.sql", self.root / f"{model}_v2.sql")
        if removed:
            path = self.root / f"{model}_v2.sql"
            sql = re.sub(rf",\n +{removed}(?=,?\n)", "", path.read_text(), count=1)
            path.write_text(sql)
        self.edit(
            f"{model}.yml",
            (
                f"  - name: {name}\n    description: |\n",
                f"  - name: {name}\n"
                "    latest_version: 2\n"
                "    versions:\n"
                "      - v: 1\n"
                f"        defined_in: {name}\n"
                "        deprecation_date: 2130-06-30\n"
                f"        config: {{alias: {name}}}\n"
                "      - v: 2\n"
                f"        columns: [{{include: all, exclude: [{removed}]}}]\n"
                "    description: |\n",
            ),
        )
